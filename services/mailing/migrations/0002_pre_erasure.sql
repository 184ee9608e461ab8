-- Whoever was erased gets no letter any more: their key alone stays here, until they confirm that they come back.
ALTER TABLE suppression DROP CONSTRAINT suppression_reason_check;
ALTER TABLE suppression ADD CONSTRAINT suppression_reason_check CHECK (reason IN ('left', 'refused', 'erased'));
-- When what a mail says was recorded: a mail about something older than an erasure goes with it.
ALTER TABLE outgoing ADD COLUMN said_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX outgoing_person ON outgoing (person_key);
