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

-- How a feed does: its form, and since when, how often and with what it fails.
CREATE TABLE delivery (
    feed TEXT PRIMARY KEY, form TEXT NOT NULL, since TEXT, failures INTEGER NOT NULL, why TEXT
) STRICT;

-- Documents that a feed owes out of the log's order: those it suspects to be poison, and those that an operator wants
-- to be tried again. What tries and strikes are is told in docs/decisions/0011-poison.md.
CREATE TABLE again (
    feed TEXT, agent TEXT, epoch TEXT, seq INTEGER, tries INTEGER NOT NULL, strikes INTEGER NOT NULL,
    why TEXT NOT NULL, PRIMARY KEY (feed, agent, epoch, seq)
) STRICT;
