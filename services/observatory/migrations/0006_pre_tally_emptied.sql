-- Whoever keeps answers hears that the states were emptied.
CREATE FUNCTION tell_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(current_schema() || '_figures', 'emptied');
    RETURN NULL;
END $$;
CREATE TRIGGER state_emptied_told AFTER TRUNCATE ON state FOR EACH STATEMENT EXECUTE FUNCTION tell_emptied();
