-- Every fact heard, kept once whatever the order: the figures are a fold of this table.
CREATE TABLE fact (
    event_id uuid PRIMARY KEY,
    contract text NOT NULL,
    service text NOT NULL,
    aggregate text NOT NULL,
    aggregate_id uuid NOT NULL,
    version integer NOT NULL,
    occurred_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    demonstration boolean NOT NULL,
    department text,
    college text,
    body jsonb NOT NULL
);
CREATE INDEX ON fact (aggregate, aggregate_id);
CREATE INDEX ON fact (recorded_at);

-- The newest state known of each aggregate, and the day of its first fact.
CREATE TABLE state (
    aggregate text NOT NULL,
    aggregate_id uuid NOT NULL,
    service text NOT NULL,
    version integer NOT NULL,
    event_id uuid NOT NULL,
    first_on date NOT NULL,
    occurred_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    demonstration boolean NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (aggregate, aggregate_id)
);

-- When a service took its fictional season away: what it marked before that uncounts, whatever came first.
CREATE TABLE demonstration_removal (
    service text PRIMARY KEY,
    removed_at timestamptz NOT NULL
);

-- What commands own, which no replay touches.
CREATE TABLE dashboard (
    dashboard_id uuid PRIMARY KEY,
    key_hash bytea NOT NULL UNIQUE,
    partner text NOT NULL,
    departments text[] NOT NULL,
    themes text[] NOT NULL,
    countries text[] NOT NULL,
    expires_on date NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE figure (
    figure_id text PRIMARY KEY,
    indicator text NOT NULL,
    label text NOT NULL,
    value double precision NOT NULL,
    unit text NOT NULL,
    year integer NOT NULL,
    source text NOT NULL,
    source_lines text,
    parts jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON figure (indicator, year);

CREATE VIEW counted AS
SELECT state.* FROM state
WHERE NOT (demonstration AND EXISTS (
    SELECT FROM demonstration_removal AS removal
    WHERE removal.service = state.service AND state.recorded_at <= removal.removed_at));

CREATE VIEW organisation AS
SELECT aggregate_id AS organisation_id, coalesce((body ->> 'published_on')::date, first_on) AS day, demonstration,
       body ->> 'status' AS status, body ->> 'slug' AS slug, body ->> 'name' AS name, body ->> 'kind' AS kind,
       body ->> 'college' AS college, body ->> 'department' AS department, body ->> 'commune_code' AS commune_code,
       body ->> 'website' AS website, body -> 'themes' AS themes, body -> 'sdgs' AS sdgs, body -> 'countries' AS countries
FROM counted WHERE aggregate = 'organisation';

CREATE VIEW listing_request AS
SELECT aggregate_id AS request_id, first_on AS day, demonstration, body ->> 'status' AS status,
       (body ->> 'organisation_id')::uuid AS organisation_id, body ->> 'college' AS college,
       body ->> 'department' AS department, body -> 'themes' AS themes, body -> 'sdgs' AS sdgs,
       body -> 'countries' AS countries
FROM counted WHERE aggregate = 'listing_request';

CREATE VIEW gathering AS
SELECT aggregate_id AS gathering_id, occurred_on AS day, demonstration, body ->> 'status' AS status,
       body ->> 'slug' AS slug, body ->> 'title' AS title, body ->> 'kind' AS kind, body ->> 'role' AS role,
       body ->> 'department' AS department, body ->> 'date_precision' AS date_precision, body ->> 'source' AS source,
       body -> 'themes' AS themes, body -> 'countries' AS countries, body -> 'declared_counts' AS declared_counts
FROM counted WHERE aggregate = 'gathering';

CREATE VIEW registration AS
SELECT aggregate_id AS registration_id, first_on AS day, demonstration, body ->> 'status' AS status,
       (body ->> 'gathering_id')::uuid AS gathering_id, (body ->> 'organisation_id')::uuid AS organisation_id,
       body ->> 'department' AS department, body ->> 'country' AS country
FROM counted WHERE aggregate = 'registration';

CREATE VIEW subscription AS
SELECT aggregate_id AS subscriber_id, first_on AS day, demonstration, body ->> 'status' AS status,
       body ->> 'department' AS department
FROM counted WHERE aggregate = 'subscription';

CREATE VIEW campaign AS
SELECT aggregate_id AS campaign_id, demonstration, body ->> 'subject_line' AS subject_line
FROM counted WHERE aggregate = 'campaign';

CREATE VIEW letter AS
SELECT aggregate_id AS letter_id, occurred_on AS day, demonstration, (body ->> 'campaign_id')::uuid AS campaign_id,
       body ->> 'department' AS department
FROM counted WHERE aggregate = 'letter';

-- Inside a year and a partner's filters: null is no filter, and what is not known is outside (it fails closed).
CREATE FUNCTION of_year(day date, year integer) RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT year IS NULL OR (day >= make_date(year, 1, 1) AND day < make_date(year + 1, 1, 1)) $$;

CREATE FUNCTION in_scope(department text, themes jsonb, countries jsonb, only_departments text[], only_themes text[],
                         only_countries text[]) RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT (only_departments IS NULL OR coalesce(department = ANY (only_departments), false))
      AND (only_themes IS NULL OR coalesce(themes ?| only_themes, false))
      AND (only_countries IS NULL OR coalesce(countries ?| only_countries, false)) $$;

-- The keys under which a row counts in a cut; one that says nothing counts under null.
CREATE FUNCTION cut_keys(cut text, day date, college text, department text, sdgs jsonb, countries jsonb)
RETURNS jsonb LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(CASE cut
       WHEN 'month' THEN jsonb_build_array(to_char(day, 'YYYY-MM'))
       WHEN 'college' THEN jsonb_build_array(college)
       WHEN 'department' THEN jsonb_build_array(department)
       WHEN 'sdg' THEN sdgs
       WHEN 'country' THEN countries END, '[]'), '[null]') $$;
