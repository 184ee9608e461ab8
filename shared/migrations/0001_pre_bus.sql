-- The journal is the outbox, never emptied; the inbox is kept as long.
CREATE TABLE journal (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL UNIQUE,
    stream text NOT NULL,
    contract text NOT NULL,
    subject text NOT NULL,
    person_key text,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    recorded_at timestamptz NOT NULL,
    body text, -- null once blanked: an erased person, or a personal event older than 30 days
    stream_seq bigint -- null until the stream has acknowledged it
);
CREATE INDEX journal_waiting ON journal (position) WHERE stream_seq IS NULL AND body IS NOT NULL;
CREATE INDEX journal_person ON journal (person_key) WHERE person_key IS NOT NULL AND body IS NOT NULL;

CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);

-- Failures counted by us: the server's own limit would lose in silence.
CREATE TABLE parked (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    contract text NOT NULL,
    subject text NOT NULL,
    headers jsonb NOT NULL,
    body text NOT NULL,
    reason text NOT NULL,
    attempts integer NOT NULL,
    next_at timestamptz, -- null: a dead letter, which waits for a person
    first_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX parked_due ON parked (next_at) WHERE next_at IS NOT NULL;

-- The answer a repeated form gets again; kept 7 days.
CREATE TABLE answer (
    scope bytea PRIMARY KEY,
    status integer NOT NULL,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX answer_created ON answer (created_at);

CREATE TABLE revocation (
    token_id uuid PRIMARY KEY,
    revoked_at timestamptz NOT NULL DEFAULT now()
);
