-- Each structure has a small number, a bit of the tally that counts the facets (services/registry/tally.py).
ALTER TABLE organisation
    ADD COLUMN number integer GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN changed bigint NOT NULL DEFAULT 0,
    ADD COLUMN sort_name text NOT NULL GENERATED ALWAYS AS (folded(name)) STORED;
CREATE UNIQUE INDEX organisation_number ON organisation (number);

-- Changes are numbered in the order of their commits: the lock is held until then, so a reader who has seen one has
-- seen all before it.
CREATE SEQUENCE directory_change;
CREATE FUNCTION number_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7215910);
    NEW.changed := nextval('directory_change');
    RETURN NEW;
END $$;
CREATE TRIGGER organisation_change BEFORE INSERT OR UPDATE ON organisation
    FOR EACH ROW EXECUTE FUNCTION number_change();

-- A row taken away leaves no row to read: whoever follows starts again.
CREATE TABLE directory_removal (change bigint NOT NULL);
INSERT INTO directory_removal VALUES (0);
CREATE FUNCTION number_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7215910);
    UPDATE directory_removal SET change = nextval('directory_change');
    RETURN NULL;
END $$;
CREATE TRIGGER organisation_removal AFTER DELETE ON organisation
    FOR EACH STATEMENT EXECUTE FUNCTION number_removal();
CREATE TRIGGER organisation_truncation AFTER TRUNCATE ON organisation
    FOR EACH STATEMENT EXECUTE FUNCTION number_removal();

-- The words of the directory, among which the nearest is looked for when one was mistyped.
CREATE TABLE word (word text PRIMARY KEY);
CREATE FUNCTION learn_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO word
    SELECT DISTINCT piece FROM fresh,
        regexp_split_to_table(folded(concat_ws(' ', name, acronym, place, description)), '[^a-z0-9]+') AS piece
    WHERE length(piece) BETWEEN 4 AND 40
    ORDER BY piece
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER organisation_words_inserted AFTER INSERT ON organisation
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION learn_words();
CREATE TRIGGER organisation_words_updated AFTER UPDATE ON organisation
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION learn_words();

UPDATE organisation SET version = version;
CREATE INDEX organisation_changed ON organisation (changed);
CREATE INDEX word_trigrams ON word USING gin (word gin_trgm_ops);

DROP INDEX organisation_listed;
CREATE INDEX organisation_listed ON organisation (sort_name, id) WHERE status IN ('published', 'to_refresh');
DROP INDEX organisation_newest;
CREATE INDEX organisation_newest ON organisation (published_on DESC, id DESC)
    WHERE status IN ('published', 'to_refresh');
