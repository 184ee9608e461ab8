-- Both triggers of a statement fire, also the one that has nothing to count: it ends at once. A cell that counts nothing
-- is deleted where it lies: looked for by its words, the whole tally was read at each batch.
CREATE OR REPLACE FUNCTION count_states() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE emptied tid[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM pg_advisory_xact_lock(-('tally'::regclass::oid::bigint));
        DELETE FROM tally;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        IF NOT EXISTS (SELECT FROM fresh) THEN
            RETURN NULL;
        END IF;
        INSERT INTO tally AS known
        SELECT indicator, cut, year, why, note, key, on_day, demonstration, sum(value), count(*)
        FROM fresh, LATERAL cells_of(aggregate, service, day, recorded_at, demonstration, body)
        GROUP BY indicator, cut, year, why, note, key, on_day, demonstration
        ON CONFLICT (indicator, cut, year, why, note, key, day, demonstration)
            DO UPDATE SET value = known.value + excluded.value, n = known.n + excluded.n;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        WITH left_by AS (
            INSERT INTO tally AS known
            SELECT indicator, cut, year, why, note, key, on_day, demonstration, -sum(value), -count(*)
            FROM gone, LATERAL cells_of(aggregate, service, day, recorded_at, demonstration, body)
            GROUP BY indicator, cut, year, why, note, key, on_day, demonstration
            ON CONFLICT (indicator, cut, year, why, note, key, day, demonstration)
                DO UPDATE SET value = known.value + excluded.value, n = known.n + excluded.n
            RETURNING known.ctid AS place, known.n)
        SELECT array_agg(place) INTO emptied FROM left_by WHERE n = 0;
        DELETE FROM tally WHERE ctid = ANY (emptied);
    END IF;
    RETURN NULL;
END $$;
