-- Words without accents, usable in an index: unaccent itself is only STABLE.
CREATE FUNCTION folded(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN lower(unaccent('unaccent'::regdictionary, words));

-- French stems over unaccented words, so that « écoles » finds « ecole ».
CREATE FUNCTION searched(name text, acronym text, description text, place text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN setweight(to_tsvector('french', folded(coalesce(name, '') || ' ' || coalesce(acronym, ''))), 'A')
        || setweight(to_tsvector('simple', folded(coalesce(name, '') || ' ' || coalesce(acronym, ''))), 'A')
        || setweight(to_tsvector('french', folded(coalesce(place, ''))), 'B')
        || setweight(to_tsvector('french', folded(coalesce(description, ''))), 'C');

CREATE TABLE organisation (
    id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 1,
    status text NOT NULL CHECK (status IN ('published', 'to_refresh', 'archived', 'recorded')),
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    acronym text,
    college text,
    kind text,
    commune_code text,
    department text,
    siren text,
    siret text,
    rna text,
    website text,
    description text,
    themes text[] NOT NULL DEFAULT '{}',
    sdgs integer[] NOT NULL DEFAULT '{}',
    countries text[] NOT NULL DEFAULT '{}',
    needs text[] NOT NULL DEFAULT '{}',
    within_region boolean NOT NULL DEFAULT true,
    published_on date,
    confirmed_on date,
    source text,
    source_lines text,
    note text,
    natural_key text UNIQUE, -- an imported row is known again by it
    fingerprint text,
    demonstration boolean NOT NULL DEFAULT false,
    place text, -- the names of commune and department, for the search
    words tsvector GENERATED ALWAYS AS (searched(name, acronym, description, place)) STORED
);
-- A number is held by one listed structure at most; SIREN is shared by antennas and laboratories.
CREATE UNIQUE INDEX organisation_rna ON organisation (rna) WHERE status IN ('published', 'to_refresh');
CREATE UNIQUE INDEX organisation_siret ON organisation (siret) WHERE status IN ('published', 'to_refresh');
CREATE INDEX organisation_siren ON organisation (siren) WHERE siren IS NOT NULL;
CREATE INDEX organisation_words ON organisation USING gin (words);
CREATE INDEX organisation_name_trigrams ON organisation USING gin (folded(name) gin_trgm_ops);
CREATE INDEX organisation_listed ON organisation (folded(name), id) WHERE status IN ('published', 'to_refresh');
CREATE INDEX organisation_newest ON organisation (published_on DESC, id) WHERE status IN ('published', 'to_refresh');

CREATE TABLE listing_request (
    id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 1,
    status text NOT NULL
        CHECK (status IN ('requested', 'in_review', 'information_asked', 'published', 'refused')),
    requested_on date NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    decided_at timestamptz,
    decided_by text,
    name text NOT NULL,
    acronym text,
    college text NOT NULL,
    kind text,
    commune_code text,
    department text,
    siren text,
    siret text,
    rna text,
    website text,
    description text NOT NULL,
    themes text[] NOT NULL,
    sdgs integer[] NOT NULL,
    countries text[] NOT NULL,
    needs text[] NOT NULL,
    topics text[] NOT NULL,
    contact_name text NOT NULL,
    contact_role text,
    contact_email text NOT NULL,
    person_key text NOT NULL,
    consent_listing boolean NOT NULL,
    confirmed_at timestamptz, -- the contact's address
    message text, -- the reason of a refusal, or what was asked
    answer text, -- what the contact answered
    organisation_id uuid REFERENCES organisation,
    likely_double uuid[] NOT NULL DEFAULT '{}', -- organisations or requests that look the same
    demonstration boolean NOT NULL DEFAULT false
);
CREATE INDEX listing_request_queue ON listing_request (status, requested_at);
CREATE INDEX listing_request_numbers ON listing_request (rna, siret);
CREATE INDEX listing_request_name ON listing_request USING gin (folded(name) gin_trgm_ops);

CREATE TABLE network_group (
    id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 1,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    kind text NOT NULL,
    countries text[] NOT NULL DEFAULT '{}',
    note text,
    source text,
    source_lines text
);

CREATE TABLE membership (
    id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 1,
    group_id uuid NOT NULL REFERENCES network_group,
    status text NOT NULL DEFAULT 'joined' CHECK (status IN ('joined', 'left')),
    person_key text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    joined_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (group_id, person_key, name)
);

CREATE TABLE watch_item (
    id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 1,
    status text NOT NULL DEFAULT 'published' CHECK (status IN ('published', 'withdrawn')),
    watch_class text NOT NULL,
    title text NOT NULL,
    url text NOT NULL UNIQUE,
    summary text,
    deadline date,
    departments text[] NOT NULL DEFAULT '{}',
    themes text[] NOT NULL DEFAULT '{}',
    countries text[] NOT NULL DEFAULT '{}',
    published_on date NOT NULL,
    demonstration boolean NOT NULL DEFAULT false
);

CREATE TABLE staff (
    email text PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('staff', 'administrator'))
);

-- A sign-in link opens once.
CREATE TABLE used_link (
    id uuid PRIMARY KEY,
    used_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE draft (
    id text PRIMARY KEY, -- a hash of the unguessable word in its address
    answers jsonb NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now()
);
