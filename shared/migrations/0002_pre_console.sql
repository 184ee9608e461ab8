-- A story is followed by its id.
CREATE INDEX journal_story ON journal (correlation_id);

-- What a dead letter said before a person corrected it, for as long as it waits.
ALTER TABLE parked ADD COLUMN original_body text;

-- Corrections of facts (nothing personal), kept: a replay meets the same fact on the stream, as wrong as it was said.
CREATE TABLE correction (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    contract text NOT NULL,
    body text NOT NULL,
    corrected_by text NOT NULL,
    corrected_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);
