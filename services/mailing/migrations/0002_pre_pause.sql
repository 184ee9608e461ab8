-- While its one row is there, nothing leaves: a restored queue may hold mails that left after the backup was taken.
CREATE TABLE sending_pause (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    since timestamptz NOT NULL DEFAULT now(),
    reason text NOT NULL,
    restored_to timestamptz -- the moment of the backup that was restored
);
