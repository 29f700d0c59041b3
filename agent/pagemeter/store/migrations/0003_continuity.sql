-- oldest: 1
-- additive: yes

-- What continuity knows of a device (its open series, supplies and alerts as JSON, deflated): read at start, replaced
-- by each visit that changes it. The three tables after it tell the same to people and to bills, for ever.
CREATE TABLE history (device TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;

-- The ledger: one row for each unbroken run of a counter. `counted` is the sum of its deltas; `ended` says why it ended.
CREATE TABLE series (
    device TEXT NOT NULL, key TEXT NOT NULL, number INTEGER NOT NULL,
    began_at TEXT NOT NULL, last_at TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    counted INTEGER NOT NULL, began_by TEXT, ended_by TEXT,
    PRIMARY KEY (device, key, number)
) STRICT, WITHOUT ROWID;

-- Each supply that was in a device, from its first to its last sight; levels in per cent, pages on the device's count.
CREATE TABLE supply_life (
    device TEXT NOT NULL, place TEXT NOT NULL, number INTEGER NOT NULL, serial_number TEXT, part_number TEXT,
    description TEXT, first_seen TEXT NOT NULL, last_seen TEXT NOT NULL, first_percent INTEGER, last_percent INTEGER,
    first_pages INTEGER, last_pages INTEGER, began_by TEXT,
    PRIMARY KEY (device, place, number)
) STRICT, WITHOUT ROWID;

-- Each alert, from when it was raised to when it was seen to be gone.
CREATE TABLE alert_life (
    device TEXT NOT NULL, key TEXT NOT NULL, raised_at TEXT NOT NULL, cleared_at TEXT, severity TEXT, training TEXT,
    code INTEGER, code_name TEXT, description TEXT,
    PRIMARY KEY (device, key, raised_at)
) STRICT, WITHOUT ROWID;
