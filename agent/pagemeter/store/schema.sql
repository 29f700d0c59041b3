-- The store, version 1. A later version is this file plus the steps of migrations/.

-- The log: what is owed to every output, in one order. The order is (epoch, seq), and since seq runs on over epochs,
-- seq alone sorts it. A relayed document has a place in our order and keeps its sender's key beside it.
CREATE TABLE document (
    seq INTEGER PRIMARY KEY,        -- the place in the log; of our own documents also the key's seq
    epoch TEXT NOT NULL,            -- our epoch when it was kept
    agent TEXT NOT NULL,            -- whose document it is: ours, or its sender
    sender_epoch TEXT,              -- the key that a relayed document came with
    sender_seq INTEGER,
    at TEXT NOT NULL,               -- when it was kept, RFC 3339 UTC
    type TEXT NOT NULL,             -- snapshot, job, event, agent
    device TEXT,
    frame INTEGER,                  -- the seq of the earlier document that is its zlib dictionary
    body BLOB NOT NULL,             -- {"v", "type", "body"} as JSON, deflated
    crc INTEGER NOT NULL            -- CRC-32 over all columns before it: SQLite does not notice bit rot
) STRICT;
CREATE INDEX document_of_device ON document (device, seq) WHERE device IS NOT NULL AND frame IS NULL;
CREATE UNIQUE INDEX document_of_sender ON document (agent, sender_epoch, sender_seq) WHERE sender_seq IS NOT NULL;

-- Derived: the latest of each device (FleetEntry as JSON, deflated) and the ids that were given up.
CREATE TABLE current (device TEXT PRIMARY KEY, entry BLOB NOT NULL) STRICT;
CREATE TABLE alias (id TEXT PRIMARY KEY, device TEXT NOT NULL) STRICT;

-- What components remember, in the transaction of the answer or batch that it belongs to.
CREATE TABLE memory (component TEXT, device TEXT, json TEXT NOT NULL, PRIMARY KEY (component, device)) STRICT;
CREATE TABLE cursor (source TEXT, stream TEXT, json TEXT NOT NULL, PRIMARY KEY (source, stream)) STRICT;

-- How far each feed is (the last document it is done with; of a report feed the time of its last report), and what was set aside.
CREATE TABLE feed (name TEXT PRIMARY KEY, epoch TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT) STRICT;
CREATE TABLE aside (
    feed TEXT, agent TEXT, epoch TEXT, seq INTEGER, why TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (feed, agent, epoch, seq)
) STRICT;

-- Addresses that answer and are no printers; what an operator chose; who we are.
CREATE TABLE decoy (address TEXT PRIMARY KEY, what TEXT NOT NULL, at TEXT NOT NULL) STRICT;
CREATE TABLE setting (key TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
