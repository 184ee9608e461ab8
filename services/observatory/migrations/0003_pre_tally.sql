-- The figures counted as facts come, one cell a combination that a figure or a cut asks for: reading one costs the same
-- whatever the number of facts. A partner's limits cut across cells: their figures are still read from the states.

-- The day a state counts on; ISO text to date is IMMUTABLE only by its digits.
CREATE FUNCTION iso_day(said text) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN make_date(substr(said, 1, 4)::integer, substr(said, 6, 2)::integer, substr(said, 9, 2)::integer);

ALTER TABLE state ADD COLUMN day date NOT NULL GENERATED ALWAYS AS (
    CASE WHEN aggregate = 'organisation' THEN coalesce(iso_day(body ->> 'published_on'), first_on)
         WHEN aggregate IN ('gathering', 'letter') THEN occurred_on ELSE first_on END) STORED;
CREATE INDEX state_day ON state (aggregate, day DESC, aggregate_id DESC);

CREATE OR REPLACE VIEW counted AS
SELECT state.* FROM state
WHERE NOT (demonstration AND EXISTS (
    SELECT FROM demonstration_removal AS removal
    WHERE removal.service = state.service AND state.recorded_at <= removal.removed_at));

CREATE OR REPLACE VIEW organisation AS
SELECT aggregate_id AS organisation_id, day, demonstration,
       body ->> 'status' AS status, body ->> 'slug' AS slug, body ->> 'name' AS name, body ->> 'kind' AS kind,
       body ->> 'college' AS college, body ->> 'department' AS department, body ->> 'commune_code' AS commune_code,
       body ->> 'website' AS website, body -> 'themes' AS themes, body -> 'sdgs' AS sdgs, body -> 'countries' AS countries
FROM counted WHERE aggregate = 'organisation';

CREATE OR REPLACE VIEW listing_request AS
SELECT aggregate_id AS request_id, day, demonstration, body ->> 'status' AS status,
       (body ->> 'organisation_id')::uuid AS organisation_id, body ->> 'college' AS college,
       body ->> 'department' AS department, body -> 'themes' AS themes, body -> 'sdgs' AS sdgs,
       body -> 'countries' AS countries
FROM counted WHERE aggregate = 'listing_request';

CREATE OR REPLACE VIEW gathering AS
SELECT aggregate_id AS gathering_id, day, demonstration, body ->> 'status' AS status,
       body ->> 'slug' AS slug, body ->> 'title' AS title, body ->> 'kind' AS kind, body ->> 'role' AS role,
       body ->> 'department' AS department, body ->> 'date_precision' AS date_precision, body ->> 'source' AS source,
       body -> 'themes' AS themes, body -> 'countries' AS countries, body -> 'declared_counts' AS declared_counts
FROM counted WHERE aggregate = 'gathering';

CREATE OR REPLACE VIEW registration AS
SELECT aggregate_id AS registration_id, day, demonstration, body ->> 'status' AS status,
       (body ->> 'gathering_id')::uuid AS gathering_id, (body ->> 'organisation_id')::uuid AS organisation_id,
       body ->> 'department' AS department, body ->> 'country' AS country
FROM counted WHERE aggregate = 'registration';

CREATE OR REPLACE VIEW subscription AS
SELECT aggregate_id AS subscriber_id, day, demonstration, body ->> 'status' AS status,
       body ->> 'department' AS department
FROM counted WHERE aggregate = 'subscription';

CREATE OR REPLACE VIEW letter AS
SELECT aggregate_id AS letter_id, day, demonstration, (body ->> 'campaign_id')::uuid AS campaign_id,
       body ->> 'department' AS department
FROM counted WHERE aggregate = 'letter';

-- An empty word stands for null. `day` is set where the day itself is asked for, else -infinity.
CREATE TABLE tally (
    indicator text NOT NULL,
    cut text NOT NULL,
    year integer NOT NULL,
    why text NOT NULL,
    note text NOT NULL,
    key text NOT NULL,
    day date NOT NULL,
    demonstration boolean NOT NULL,
    value bigint NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (indicator, cut, year, why, note, key, day, demonstration)
);

-- What one state adds to each figure: the definitions of services/observatory/indicators, said once more for cells.
-- (Not a function of a row of `state`: a replay puts another table under that name.)
CREATE FUNCTION figures_of(aggregate text, day date, body jsonb)
RETURNS TABLE (indicator text, why text, note text, apart_until date, value integer, cuts text[], keys jsonb[])
LANGUAGE sql STABLE AS $$
    SELECT 'organisations',
           CASE WHEN figures_of.body ->> 'status' NOT IN ('published', 'to_refresh') THEN figures_of.body ->> 'status' END, NULL,
           NULL::date, 1, ARRAY['college', 'department', 'sdg', 'country'],
           ARRAY[jsonb_build_array(figures_of.body -> 'college'), jsonb_build_array(figures_of.body -> 'department'),
                 figures_of.body -> 'sdgs', figures_of.body -> 'countries']
    WHERE figures_of.aggregate = 'organisation'
    UNION ALL
    SELECT 'listing-requests', NULL, figures_of.body ->> 'status', NULL, 1, ARRAY['college', 'department', 'sdg', 'country'],
           ARRAY[jsonb_build_array(figures_of.body -> 'college'), jsonb_build_array(figures_of.body -> 'department'),
                 figures_of.body -> 'sdgs', figures_of.body -> 'countries']
    WHERE figures_of.aggregate = 'listing_request'
    UNION ALL
    SELECT 'gatherings',
           CASE WHEN figures_of.body ->> 'status' IN ('cancelled', 'postponed') THEN figures_of.body ->> 'status'
                WHEN figures_of.body ->> 'role' IS DISTINCT FROM 'organiser'
                THEN coalesce(figures_of.body ->> 'role', 'role_unknown') END,
           figures_of.body ->> 'kind', NULL, 1, ARRAY['department', 'country'],
           ARRAY[jsonb_build_array(figures_of.body -> 'department'), figures_of.body -> 'countries']
    WHERE figures_of.aggregate = 'gathering'
    UNION ALL
    SELECT 'participants',
           CASE WHEN declared.n IS NULL THEN 'no_count' WHEN declared.what = 'registered' THEN 'registered' END,
           declared.precision, CASE WHEN declared.n IS NULL THEN figures_of.day END, coalesce(declared.n, 0),
           ARRAY['department', 'country'], ARRAY[jsonb_build_array(figures_of.body -> 'department'), figures_of.body -> 'countries']
    FROM (SELECT) AS row LEFT JOIN LATERAL (
        SELECT n, precision, what
        FROM jsonb_to_recordset(figures_of.body -> 'declared_counts') AS c (n int, precision text, what text)
        ORDER BY (what = 'present') DESC NULLS LAST, what DESC NULLS FIRST,
                 array_position(ARRAY['exact', 'about', 'at_least'], precision) LIMIT 1) AS declared ON true
    WHERE figures_of.aggregate = 'gathering' AND figures_of.body ->> 'role' = 'organiser'
      AND figures_of.body ->> 'status' IN ('published', 'held')
    UNION ALL
    SELECT 'registrations', CASE WHEN figures_of.body ->> 'status' <> 'confirmed' THEN figures_of.body ->> 'status' END, NULL, NULL, 1,
           ARRAY['department', 'country', 'organisation', 'gathering'],
           ARRAY[jsonb_build_array(figures_of.body -> 'department'), jsonb_build_array(figures_of.body -> 'country'),
                 jsonb_build_array(figures_of.body -> 'organisation_id'), jsonb_build_array(figures_of.body -> 'gathering_id')]
    WHERE figures_of.aggregate = 'registration'
    UNION ALL
    SELECT 'subscribers', CASE WHEN figures_of.body ->> 'status' <> 'subscribed' THEN figures_of.body ->> 'status' END, NULL, NULL, 1,
           ARRAY['department'], ARRAY[jsonb_build_array(figures_of.body -> 'department')]
    WHERE figures_of.aggregate = 'subscription'
    UNION ALL
    SELECT 'letters-sent', NULL, NULL, NULL, 1, ARRAY['department', 'campaign'],
           ARRAY[jsonb_build_array(figures_of.body -> 'department'), jsonb_build_array(figures_of.body -> 'campaign_id')]
    WHERE figures_of.aggregate = 'letter'
$$;

-- The cells of one state: the whole, its month, and each cut; none once its demonstration was removed.
CREATE FUNCTION cells_of(aggregate text, service text, day date, recorded_at timestamptz, demonstration boolean, body jsonb)
RETURNS TABLE (indicator text, cut text, year integer, why text, note text, key text, on_day date, value bigint)
LANGUAGE sql STABLE AS $$
    SELECT told.indicator, cut.cut, extract(year FROM cells_of.day)::integer, coalesce(told.why, ''),
           coalesce(told.note, ''), coalesce(key, ''),
           CASE WHEN cut.cut IN ('gathering', 'campaign') THEN cells_of.day
                ELSE coalesce(told.apart_until, '-infinity') END,
           told.value::bigint
    FROM figures_of(cells_of.aggregate, cells_of.day, cells_of.body) AS told
    CROSS JOIN LATERAL (
        SELECT '', '[null]'::jsonb
        UNION ALL SELECT 'month', jsonb_build_array(to_char(cells_of.day, 'YYYY-MM'))
        UNION ALL SELECT * FROM unnest(told.cuts, told.keys)) AS cut (cut, keys)
    CROSS JOIN LATERAL jsonb_array_elements_text(coalesce(nullif(cut.keys, '[]'), '[null]')) AS key
    WHERE NOT (cells_of.demonstration AND EXISTS (
        SELECT FROM demonstration_removal AS removal
        WHERE removal.service = cells_of.service AND cells_of.recorded_at <= removal.removed_at))
$$;

-- Writers of the tally go one after the other, so that none waits for another in a circle.
CREATE FUNCTION take_the_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE tally IN SHARE ROW EXCLUSIVE MODE;
    RETURN NULL;
END $$;

CREATE FUNCTION count_states() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO tally AS known
        SELECT indicator, cut, year, why, note, key, on_day, demonstration, -sum(value), -count(*)
        FROM gone, LATERAL cells_of(aggregate, service, day, recorded_at, demonstration, body)
        GROUP BY indicator, cut, year, why, note, key, on_day, demonstration
        ON CONFLICT (indicator, cut, year, why, note, key, day, demonstration)
            DO UPDATE SET value = known.value + excluded.value, n = known.n + excluded.n;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO tally AS known
        SELECT indicator, cut, year, why, note, key, on_day, demonstration, sum(value), count(*)
        FROM fresh, LATERAL cells_of(aggregate, service, day, recorded_at, demonstration, body)
        GROUP BY indicator, cut, year, why, note, key, on_day, demonstration
        ON CONFLICT (indicator, cut, year, why, note, key, day, demonstration)
            DO UPDATE SET value = known.value + excluded.value, n = known.n + excluded.n;
    END IF;
    RETURN NULL;
END $$;

-- From the beginning: after a removal of the demonstration, and once for a table that was filled without counting.
CREATE FUNCTION count_again() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE tally IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM tally;
    INSERT INTO tally
    SELECT indicator, cut, year, why, note, key, on_day, demonstration, sum(value), count(*)
    FROM state, LATERAL cells_of(aggregate, service, day, recorded_at, demonstration, body)
    GROUP BY indicator, cut, year, why, note, key, on_day, demonstration;
END $$;

CREATE FUNCTION count_all_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_again();
    RETURN NULL;
END $$;

-- On the tables of the search path: the live ones, or those of a replay.
CREATE FUNCTION count_from_now_on() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM count_again();
    CREATE TRIGGER state_taken BEFORE INSERT OR UPDATE OR DELETE ON state
        FOR EACH STATEMENT EXECUTE FUNCTION take_the_tally();
    CREATE TRIGGER state_inserted AFTER INSERT ON state
        REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_states();
    CREATE TRIGGER state_updated AFTER UPDATE ON state
        REFERENCING OLD TABLE AS gone NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_states();
    CREATE TRIGGER state_deleted AFTER DELETE ON state
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_states();
    CREATE TRIGGER demonstration_removed AFTER INSERT OR UPDATE OR DELETE ON demonstration_removal
        FOR EACH STATEMENT EXECUTE FUNCTION count_all_again();
END $$;

SELECT count_from_now_on();

CREATE OR REPLACE FUNCTION start_replay() RETURNS void LANGUAGE plpgsql SET search_path = public AS $$
DECLARE named text;
BEGIN
    PERFORM drop_replay();
    CREATE SCHEMA replay;
    FOREACH named IN ARRAY ARRAY['inbox', 'fact', 'state', 'demonstration_removal', 'tally', 'parked'] LOOP
        EXECUTE format('CREATE TABLE %I.%I (LIKE public.%I INCLUDING ALL)', 'replay', named, named);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION hold_projections() RETURNS void LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE;
    LOCK TABLE fact IN ACCESS EXCLUSIVE MODE;
    LOCK TABLE state IN ACCESS EXCLUSIVE MODE;
    LOCK TABLE tally IN ACCESS EXCLUSIVE MODE;
    LOCK TABLE demonstration_removal IN ACCESS EXCLUSIVE MODE;
END $$;

CREATE OR REPLACE FUNCTION swap_replay(of_consumer text) RETURNS void LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    named text;
    counting text := pg_get_viewdef('counted'::regclass);
BEGIN
    INSERT INTO replay.inbox SELECT * FROM public.inbox WHERE consumer <> of_consumer;
    CREATE SCHEMA retired;
    FOREACH named IN ARRAY ARRAY['inbox', 'fact', 'state', 'demonstration_removal', 'tally'] LOOP
        EXECUTE format('ALTER TABLE public.%I SET SCHEMA retired', named);
        EXECUTE format('ALTER TABLE replay.%I SET SCHEMA public', named);
    END LOOP;
    EXECUTE 'CREATE OR REPLACE VIEW counted AS ' || counting; -- a view follows its table to another schema
    DROP SCHEMA retired CASCADE;
    DROP SCHEMA replay CASCADE;
    PERFORM pg_notify('public_figures', 'replay');
END $$;
