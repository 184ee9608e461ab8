"""Databases filled at once, to the sizes that growth is measured at: rows such as the services write, made by SQL."""

from datetime import UTC, datetime

from bench.house import House

AT_ONCE = 20_000

FACTS_OF_ORGANISATIONS = """
WITH made AS (
    SELECT n, md5('e' || n)::uuid AS event_id, md5('o' || n)::uuid AS organisation_id,
           date '2018-01-01' + (n * 7) % 2800 AS day,
           (ARRAY['24','33','40','47','64','16','17','19','23','79','86','87'])[1 + n % 12] AS department,
           (ARRAY['associations','collectivites-etablissements-publics','acteurs-economiques','enseignement-recherche'])
               [1 + n % 4] AS college
    FROM generate_series($1::int, $2::int) AS n
), told AS (
    SELECT *, jsonb_build_object('occurred_on', day, 'organisation_id', organisation_id, 'version', 1,
        'status', CASE WHEN n % 50 = 0 THEN 'archived' ELSE 'published' END, 'slug', 'structure-' || n,
        'name', 'Structure ' || n, 'college', college, 'kind', 'association', 'department', department,
        'published_on', day, 'themes', jsonb_build_array('education'),
        'sdgs', jsonb_build_array(1 + n % 17, 1 + (n + 5) % 17),
        'countries', jsonb_build_array((ARRAY['BF','TG','MA','SN','MG','VN','BJ','CM'])[1 + n % 8])) AS body
    FROM made
), kept AS (
    INSERT INTO fact SELECT event_id, 'registry.organisation_published.v1', 'registry', 'organisation',
        organisation_id, 1, day, $3, false, department, college, body FROM told
)
INSERT INTO state (aggregate, aggregate_id, service, version, event_id, first_on, occurred_on, recorded_at,
                   demonstration, body)
SELECT 'organisation', organisation_id, 'registry', 1, event_id, day, day, $3, false, body FROM told"""

FACTS_OF_GATHERINGS = """
WITH told AS (
    SELECT md5('f' || n)::uuid AS event_id, md5('g' || n)::uuid AS gathering_id,
           date '2018-01-01' + (n * 3) % 2800 AS day,
           jsonb_build_object('gathering_id', md5('g' || n)::uuid, 'version', 1, 'status', 'held', 'role', 'organiser',
               'slug', 'rencontre-' || n, 'title', 'Rencontre ' || n, 'kind', 'webinar', 'department', '33',
               'themes', jsonb_build_array('education'), 'countries', jsonb_build_array('MA'),
               'declared_counts', jsonb_build_array(jsonb_build_object('n', 10 + n % 40, 'precision', 'exact'))) AS body
    FROM generate_series($1::int, $2::int) AS n
), kept AS (
    INSERT INTO fact SELECT event_id, 'events.gathering_recorded.v1', 'events', 'gathering', gathering_id, 1, day, $3,
        false, '33', NULL, body FROM told
)
INSERT INTO state (aggregate, aggregate_id, service, version, event_id, first_on, occurred_on, recorded_at,
                   demonstration, body)
SELECT 'gathering', gathering_id, 'events', 1, event_id, day, day, $3, false, body FROM told"""

FACTS_OF_REGISTRATIONS = """
WITH told AS (
    SELECT n, md5('h' || n)::uuid AS event_id, md5('r' || n)::uuid AS registration_id,
           date '2018-01-01' + ((n % $4) * 3 + (n / $4) % 20) % 2800 AS day,
           jsonb_build_object('registration_id', md5('r' || n)::uuid, 'gathering_id', md5('g' || (n % $4))::uuid,
               'person_id', md5('p' || n % 100000)::uuid, 'version', 1,
               'status', CASE WHEN n % 20 = 0 THEN 'cancelled' ELSE 'confirmed' END, 'mode', 'online',
               'department', (ARRAY['24','33','40','47','64'])[1 + n % 5], 'country', 'FR') AS body
    FROM generate_series($1::int, $2::int) AS n
), kept AS (
    INSERT INTO fact SELECT event_id, 'events.registration_confirmed.v1', 'events', 'registration', registration_id, 1,
        day, $3, false, '33', NULL, body FROM told
)
INSERT INTO state (aggregate, aggregate_id, service, version, event_id, first_on, occurred_on, recorded_at,
                   demonstration, body)
SELECT 'registration', registration_id, 'events', 1, event_id, day, day, $3, false, body FROM told"""

ORGANISATIONS = """
INSERT INTO organisation (id, slug, status, name, college, kind, department, description, themes, sdgs, countries,
                          published_on, confirmed_on, place)
SELECT md5($3 || 'o' || n)::uuid, 'structure-' || $3 || n, 'published',
       first || ' ' || second || ' ' || third || ' ' || n,
       (ARRAY['associations','collectivites-etablissements-publics','acteurs-economiques','enseignement-recherche'])
           [1 + n % 4],
       'association', (ARRAY['24','33','40','47','64','16','17','19','23','79','86','87'])[1 + n % 12],
       'Nous accompagnons ' || second || ' ' || third || ' par des échanges, des chantiers et des formations.',
       ARRAY[(ARRAY['education','sante','culture','eau-assainissement-hygiene'])[1 + n % 4]],
       ARRAY[1 + n % 17, 1 + (n + 5) % 17], ARRAY[(ARRAY['BF','TG','MA','SN','MG','VN','BJ','CM'])[1 + n % 8]],
       date '2018-01-01' + (n * 7) % 2800, current_date, 'Périgueux Dordogne'
FROM generate_series($1::int, $2::int) AS n,
LATERAL (SELECT (ARRAY['Association','Collectif','Comité','Amicale','Fédération','Atelier'])[1 + n % 6] AS first,
    (ARRAY['pour l’eau','des villages','de jumelage','école du monde','santé partagée','forêts vives',
        'semences','solaire'])[1 + n / 6 % 8] AS second,
    (ARRAY['Koudougou','Sokodé','Taroudant','Thiès','Antsirabe','Hoi An','Parakou','Bafoussam','Kaya','Atakpamé'])
        [1 + n / 48 % 10] AS third) AS words"""

REQUESTS = """
INSERT INTO listing_request (id, status, requested_on, name, college, department, description, themes, sdgs, countries,
    needs, topics, contact_name, contact_email, person_key, consent_listing)
SELECT md5($3 || 'l' || n)::uuid, CASE WHEN n % 20 = 0 THEN 'requested' ELSE 'published' END, current_date,
       'Comité ' || md5($3 || n), 'associations', '24', 'Nous accompagnons une commune.', ARRAY['education'], ARRAY[6],
       ARRAY['BF'], '{}', '{}', 'Camille Duverger', 'camille@comite-' || n || $3 || '.example',
       'p1' || md5($3 || n) || md5('k' || n), true
FROM generate_series($1::int, $2::int) AS n"""


async def fill(house: House, database: str, statement: str, first: int, last: int, *more: object) -> None:
    """Rows `first` to `last`, some thousands at a time, as batches of a service would come."""
    async with house.connection(database) as connection:
        for start in range(first, last + 1, AT_ONCE):
            await connection.execute(statement, start, min(start + AT_ONCE - 1, last), *more, timeout=120)
        await connection.execute("ANALYZE", timeout=120)


async def fill_figures(house: House, total: int, start: int = 0) -> None:
    """`total` facts in all, where `start` are already there: a tenth structures, a five-hundredth gatherings.

    The tally is counted once at the end, as after a replay."""
    moment = datetime.now(UTC)
    async with house.connection("observatory") as connection:
        await connection.execute("ALTER TABLE state DISABLE TRIGGER USER")
    for statement, share in ((FACTS_OF_ORGANISATIONS, 10), (FACTS_OF_GATHERINGS, 500)):
        await fill(house, "observatory", statement, start // share, total // share - 1, moment)
    first, last = (size - size // 10 - size // 500 for size in (start, total))
    await fill(house, "observatory", FACTS_OF_REGISTRATIONS, first, last - 1, moment, max(1, total // 500))
    async with house.connection("observatory") as connection:
        await connection.execute("SELECT count_again()", timeout=600)
        await connection.execute("ALTER TABLE state ENABLE TRIGGER USER")


async def fill_directory(house: House, total: int, start: int = 0) -> None:
    """`total` structures in the directory, where `start` are already there."""
    await fill(house, "registry", ORGANISATIONS, start + 1, total, "d")
