-- oldest: 1
-- additive: yes

-- The networks that gateways listed, selected or not; what operators' tables say of addresses.
CREATE TABLE segment (
    network TEXT PRIMARY KEY, json TEXT NOT NULL, first_seen TEXT NOT NULL, last_seen TEXT NOT NULL
) STRICT;
CREATE TABLE link (discovery TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;

-- The queues of spoolers as they were told last, so that only a change becomes a document.
CREATE TABLE queue (source TEXT, name TEXT, json TEXT NOT NULL, PRIMARY KEY (source, name)) STRICT;

-- What of a stream could not be understood: where it stands; its text only where job details are kept in full.
CREATE TABLE quarantine (
    source TEXT NOT NULL, stream TEXT NOT NULL, place INTEGER NOT NULL, length INTEGER NOT NULL,
    why TEXT NOT NULL, text TEXT, at TEXT NOT NULL
) STRICT;
CREATE INDEX quarantine_of_stream ON quarantine (source, stream, place);
