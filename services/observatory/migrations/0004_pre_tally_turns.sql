-- Writers of a tally go one after the other by a lock of their own, of this tally and not of its namesake in a replay:
-- a lock on the table itself would meet the vacuum of a table that is written all the time, and wait a second for it.
CREATE OR REPLACE FUNCTION take_the_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(-('tally'::regclass::oid::bigint));
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION count_again() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(-('tally'::regclass::oid::bigint));
    DELETE FROM tally;
    INSERT INTO tally
    SELECT indicator, cut, year, why, note, key, on_day, demonstration, sum(value), count(*)
    FROM state, LATERAL cells_of(aggregate, service, day, recorded_at, demonstration, body)
    GROUP BY indicator, cut, year, why, note, key, on_day, demonstration;
END $$;
