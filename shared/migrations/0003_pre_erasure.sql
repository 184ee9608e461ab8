-- Who asked to be erased, as this service heard it, and how far it is. The key alone: never an address, never a name.
CREATE TABLE erasure (
    erasure_id uuid PRIMARY KEY,
    person_key text NOT NULL,
    requested_at timestamptz NOT NULL, -- when the request was recorded: what was recorded until then goes, the rest stays
    receipt_event uuid, -- the personal event whose mail leaves before the address goes; null: none is due
    correlation_id uuid NOT NULL DEFAULT gen_random_uuid(),
    fenced_at timestamptz, -- transactions older than this may still write what goes: it is erased once they have ended
    counts jsonb NOT NULL DEFAULT '{}',
    finished_at timestamptz
);
CREATE INDEX erasure_person ON erasure (person_key);
CREATE INDEX erasure_open ON erasure (requested_at) WHERE finished_at IS NULL;
