-- The receipt of an erasure: who asked (the team's token, or the person), what each service says it has done.
CREATE TABLE erasure_receipt (
    erasure_id uuid PRIMARY KEY,
    person_key text NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    purged_at timestamptz -- the bus owner has emptied the stream of this person
);
CREATE INDEX erasure_receipt_person ON erasure_receipt (person_key);
CREATE TABLE erasure_part (
    erasure_id uuid NOT NULL,
    service text NOT NULL,
    counts jsonb NOT NULL,
    erased_at timestamptz NOT NULL,
    PRIMARY KEY (erasure_id, service)
);
