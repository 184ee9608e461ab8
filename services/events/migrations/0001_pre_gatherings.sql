-- What people attend. Counts of places live on its row: one conditional UPDATE gives a place, never count then insert.
CREATE TABLE gathering (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    version integer NOT NULL DEFAULT 1,
    sequence integer NOT NULL DEFAULT 0, -- of its calendars, raised at each relocation and cancellation
    status text NOT NULL CHECK (status IN ('draft', 'published', 'cancelled', 'postponed', 'held')),
    title text NOT NULL,
    kind text NOT NULL,
    mode text,
    role text,
    date_precision text NOT NULL DEFAULT 'time',
    days date[] NOT NULL DEFAULT '{}', -- known to the day only
    sessions jsonb NOT NULL DEFAULT '[]',
    former_sessions jsonb NOT NULL DEFAULT '[]', -- dropped by a relocation: their calendar entries are cancelled
    programme jsonb NOT NULL DEFAULT '[]',
    first_day date NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    place text,
    department text,
    online_url text,
    group_slug text,
    themes text[] NOT NULL DEFAULT '{}',
    countries text[] NOT NULL DEFAULT '{}',
    description text,
    capacity integer CHECK (capacity > 0),
    confirmed_count integer NOT NULL DEFAULT 0 CHECK (confirmed_count >= 0),
    waiting_count integer NOT NULL DEFAULT 0 CHECK (waiting_count >= 0),
    last_queue_number integer NOT NULL DEFAULT 0,
    declared_counts jsonb NOT NULL DEFAULT '[]',
    structures_count integer,
    very_satisfied_percent integer,
    satisfied_percent integer,
    source text,
    source_lines text,
    note text,
    natural_key text UNIQUE, -- of what was read in a document: title, date, source
    fingerprint text,
    reason text, -- of the last relocation or cancellation
    demonstration boolean NOT NULL DEFAULT false,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    CONSTRAINT never_one_too_many CHECK (capacity IS NULL OR confirmed_count <= capacity)
) WITH (fillfactor = 50);
CREATE INDEX gathering_agenda ON gathering (starts_at, id) WHERE status <> 'draft';
CREATE INDEX gathering_end ON gathering (ends_at) WHERE status <> 'draft';

-- A person is an address and a name: shared addresses exist. The id is random, and all that facts say of them.
CREATE TABLE person (
    id uuid PRIMARY KEY,
    person_key text NOT NULL,
    name_key text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    UNIQUE (person_key, name_key)
) WITH (fillfactor = 80);

CREATE TABLE registration (
    id uuid PRIMARY KEY,
    gathering_id uuid NOT NULL REFERENCES gathering,
    person_id uuid NOT NULL REFERENCES person,
    version integer NOT NULL DEFAULT 1,
    status text NOT NULL CHECK (status IN ('confirmed', 'waiting', 'cancelled')),
    queue_number integer, -- of those who wait, first come first served
    mode text,
    organisation text,
    organisation_id uuid,
    department text,
    country text,
    lang text NOT NULL DEFAULT 'fr',
    demonstration boolean NOT NULL DEFAULT false, -- fictional: no mail leaves
    registered_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (gathering_id, person_id)
);
CREATE INDEX registration_waiting ON registration (gathering_id, queue_number) WHERE status = 'waiting';
CREATE INDEX registration_person ON registration (person_id);

-- What the registry's facts say that this service needs.
CREATE TABLE known_organisation (
    organisation_id uuid PRIMARY KEY,
    version integer NOT NULL,
    status text NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    acronym_key text,
    demonstration boolean NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX known_organisation_name ON known_organisation (name_key);
CREATE INDEX known_organisation_acronym ON known_organisation (acronym_key) WHERE acronym_key IS NOT NULL;

CREATE TABLE known_group (
    slug text PRIMARY KEY,
    version integer NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    countries text[] NOT NULL,
    demonstration boolean NOT NULL,
    recorded_at timestamptz NOT NULL
);

-- When the registry's fictional season was taken away: its older facts, if they come late, are not learnt.
CREATE TABLE registry_demonstration_end (
    ended_at timestamptz NOT NULL
);
