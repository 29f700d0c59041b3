-- oldest: 1
-- additive: yes

-- The traffic of each run of a cycle (RunTraffic as JSON, deflated); the last hundred of each cycle are kept.
CREATE TABLE run (number INTEGER PRIMARY KEY, cycle TEXT NOT NULL, body BLOB NOT NULL) STRICT;
CREATE INDEX run_of_cycle ON run (cycle, number);
