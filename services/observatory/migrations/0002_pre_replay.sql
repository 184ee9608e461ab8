-- A replay builds what handlers write in a second schema, and swaps it in once level; commands' own tables stay.
CREATE FUNCTION start_replay() RETURNS void LANGUAGE plpgsql SET search_path = public AS $$
DECLARE named text;
BEGIN
    PERFORM drop_replay();
    CREATE SCHEMA replay;
    FOREACH named IN ARRAY ARRAY['inbox', 'fact', 'state', 'demonstration_removal', 'parked'] LOOP
        EXECUTE format('CREATE TABLE %I.%I (LIKE public.%I INCLUDING ALL)', 'replay', named, named);
    END LOOP;
END $$;

CREATE FUNCTION drop_replay() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DROP SCHEMA IF EXISTS replay CASCADE;
END $$;

-- In the order in which handlers take them, so that nobody waits for each other.
CREATE FUNCTION hold_projections() RETURNS void LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE;
    LOCK TABLE fact IN ACCESS EXCLUSIVE MODE;
    LOCK TABLE state IN ACCESS EXCLUSIVE MODE;
    LOCK TABLE demonstration_removal IN ACCESS EXCLUSIVE MODE;
END $$;

CREATE FUNCTION replay_lacks(of_consumer text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT count(*) FROM public.inbox AS live
            WHERE live.consumer = of_consumer AND NOT EXISTS (
                SELECT FROM replay.inbox AS replayed
                WHERE replayed.consumer = live.consumer AND replayed.event_id = live.event_id));
END $$;

CREATE FUNCTION swap_replay(of_consumer text) RETURNS void LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    named text;
    counting text := pg_get_viewdef('counted'::regclass);
BEGIN
    INSERT INTO replay.inbox SELECT * FROM public.inbox WHERE consumer <> of_consumer;
    CREATE SCHEMA retired;
    FOREACH named IN ARRAY ARRAY['inbox', 'fact', 'state', 'demonstration_removal'] LOOP
        EXECUTE format('ALTER TABLE public.%I SET SCHEMA retired', named);
        EXECUTE format('ALTER TABLE replay.%I SET SCHEMA public', named);
    END LOOP;
    EXECUTE 'CREATE OR REPLACE VIEW counted AS ' || counting; -- a view follows its table to another schema
    DROP SCHEMA retired CASCADE;
    DROP SCHEMA replay CASCADE;
    PERFORM pg_notify('public_figures', 'replay');
END $$;
