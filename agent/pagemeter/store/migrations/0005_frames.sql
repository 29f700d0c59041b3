-- oldest: 1
-- additive: yes

-- How many documents a frame serves is counted once for each device after a start.
CREATE INDEX IF NOT EXISTS document_of_frame ON document (frame) WHERE frame IS NOT NULL;
