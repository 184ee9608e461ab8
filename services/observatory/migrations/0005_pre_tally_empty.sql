-- A cell that counts nothing goes, so that the tally is the same to the byte whatever the order; a state emptied at once
-- empties it.
CREATE OR REPLACE FUNCTION count_states() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM pg_advisory_xact_lock(-('tally'::regclass::oid::bigint));
        DELETE FROM tally;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO tally AS known
        SELECT indicator, cut, year, why, note, key, on_day, demonstration, sum(value), count(*)
        FROM fresh, LATERAL cells_of(aggregate, service, day, recorded_at, demonstration, body)
        GROUP BY indicator, cut, year, why, note, key, on_day, demonstration
        ON CONFLICT (indicator, cut, year, why, note, key, day, demonstration)
            DO UPDATE SET value = known.value + excluded.value, n = known.n + excluded.n;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO tally AS known
        SELECT indicator, cut, year, why, note, key, on_day, demonstration, -sum(value), -count(*)
        FROM gone, LATERAL cells_of(aggregate, service, day, recorded_at, demonstration, body)
        GROUP BY indicator, cut, year, why, note, key, on_day, demonstration
        ON CONFLICT (indicator, cut, year, why, note, key, day, demonstration)
            DO UPDATE SET value = known.value + excluded.value, n = known.n + excluded.n;
        DELETE FROM tally USING (
            SELECT DISTINCT indicator, cut, year, why, note, key, on_day, demonstration
            FROM gone, LATERAL cells_of(aggregate, service, day, recorded_at, demonstration, body)) AS left_by
        WHERE tally.n = 0 AND (tally.indicator, tally.cut, tally.year, tally.why, tally.note, tally.key, tally.day,
                               tally.demonstration)
            = (left_by.indicator, left_by.cut, left_by.year, left_by.why, left_by.note, left_by.key, left_by.on_day,
               left_by.demonstration);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION count_from_now_on() RETURNS void LANGUAGE plpgsql AS $$
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
    CREATE TRIGGER state_emptied AFTER TRUNCATE ON state FOR EACH STATEMENT EXECUTE FUNCTION count_states();
    CREATE TRIGGER demonstration_removed AFTER INSERT OR UPDATE OR DELETE ON demonstration_removal
        FOR EACH STATEMENT EXECUTE FUNCTION count_all_again();
END $$;

CREATE TRIGGER state_emptied AFTER TRUNCATE ON state FOR EACH STATEMENT EXECUTE FUNCTION count_states();
SELECT count_again();
