-- What happened to a request, in order: a later answer does not hide an earlier one.
CREATE TABLE listing_step (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES listing_request ON DELETE CASCADE,
    happened_on date NOT NULL,
    step text NOT NULL
        CHECK (step IN ('confirmed', 'in_review', 'information_asked', 'answered', 'published', 'refused')),
    words text, -- the question, the answer or the reason
    by text
);
CREATE INDEX listing_step_request ON listing_step (request_id, position);

-- A lost link is sent again at most once a day.
ALTER TABLE listing_request ADD COLUMN link_sent_at timestamptz;
CREATE INDEX listing_request_person ON listing_request (person_key);

-- Who is signed in, so that taking an access back ends it at once.
CREATE TABLE signed_in (
    token_id uuid PRIMARY KEY,
    email text NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX signed_in_email ON signed_in (email);
