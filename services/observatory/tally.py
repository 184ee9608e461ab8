"""Figures read from the tally, where nothing limits them but a year: the cost does not grow with the facts."""

from collections.abc import Sequence

from services.observatory.domain import Dimension, Page
from shared.db import Row, Tx


async def tallied(tx: Tx, asked: Sequence[tuple[str, Dimension | None, int | None]]) -> list[list[Row]]:
    """Rows `(why, note, key, value, n, fictional)` of each figure or cut asked for (indicator, cut, year), at once."""
    told: list[list[Row]] = [[] for _ in asked]
    rows = await tx.fetch(
        """SELECT place - 1 AS place, cell.*
           FROM unnest($1::text[], $2::text[], $3::integer[]) WITH ORDINALITY AS asked (indicator, cut, of_year, place)
           CROSS JOIN LATERAL (
               SELECT CASE WHEN day > current_date THEN 'coming' ELSE nullif(why, '') END AS why,
                      nullif(note, '') AS note, nullif(key, '') AS key, sum(value)::bigint AS value,
                      sum(n)::bigint AS n, coalesce(sum(n) FILTER (WHERE demonstration), 0)::bigint AS fictional
               FROM tally WHERE tally.indicator = asked.indicator AND tally.cut = asked.cut
                 AND (of_year IS NULL OR year = of_year)
               GROUP BY 1, 2, 3 HAVING sum(n) > 0) AS cell""",
        [indicator for indicator, _by, _year in asked],
        [by or "" for _indicator, by, _year in asked],
        [year for _indicator, _by, year in asked],
    )
    for row in rows:
        told[row["place"]].append(row)
    return told


async def registrations_by_college(tx: Tx, year: int | None) -> list[Row]:
    """The same for registrations by the college of whoever registered, which their organisation's own facts tell."""
    return await tx.fetch(
        """SELECT nullif(why, '') AS why, NULL AS note, organisation.college AS key, sum(value)::bigint AS value,
                  sum(n)::bigint AS n, coalesce(sum(n) FILTER (WHERE tally.demonstration), 0)::bigint AS fictional
           FROM tally LEFT JOIN organisation ON organisation.organisation_id = nullif(key, '')::uuid
           WHERE indicator = 'registrations' AND cut = 'organisation' AND ($1::integer IS NULL OR year = $1)
           GROUP BY 1, 3 HAVING sum(n) > 0""",
        year,
    )


async def registrations_by_gathering(tx: Tx, year: int | None, counted: bool, page: Page) -> Sequence[Row]:
    """How many a gathering, the last taken first, and nobody; titles are looked for where the page is known."""
    return await tx.fetch(
        """SELECT id, gathering.title AS label, '/agenda/' || gathering.slug AS path, told.day, gathering.department,
                  value, why, NULL AS note, fictional
           FROM (SELECT key::uuid AS id, max(day) AS day, sum(value)::bigint AS value, nullif(why, '') AS why,
                        bool_or(demonstration) AS fictional
                 FROM tally
                 WHERE indicator = 'registrations' AND cut = 'gathering' AND n > 0
                   AND ($1::integer IS NULL OR year = $1) AND (why = '') = $2
                 GROUP BY key, why HAVING $3::date IS NULL OR (max(day), key::uuid) < ($3, $4::uuid)
                 ORDER BY max(day) DESC, id DESC LIMIT $5) AS told
           LEFT JOIN gathering ON gathering_id = id
           ORDER BY told.day DESC, id DESC""",
        year,
        counted,
        page.after_day,
        page.after_id,
        page.limit,
    )


async def letters_by_campaign(tx: Tx, year: int | None, counted: bool, page: Page) -> Sequence[Row]:
    """How many a campaign, and no reader."""
    return await tx.fetch(
        """SELECT id, campaign.subject_line AS label, NULL AS path, day, NULL AS department, value, NULL AS why,
                  NULL AS note, fictional
           FROM (SELECT key::uuid AS id, max(day) AS day, sum(value)::bigint AS value,
                        bool_or(demonstration) AS fictional
                 FROM tally
                 WHERE indicator = 'letters-sent' AND cut = 'campaign' AND n > 0
                   AND ($1::integer IS NULL OR year = $1) AND $2
                 GROUP BY key HAVING $3::date IS NULL OR (max(day), key::uuid) < ($3, $4::uuid)
                 ORDER BY max(day) DESC, id DESC LIMIT $5) AS told
           LEFT JOIN campaign ON campaign_id = id
           ORDER BY day DESC, id DESC""",
        year,
        counted,
        page.after_day,
        page.after_id,
        page.limit,
    )


async def subscribers_by_month(tx: Tx, year: int | None, counted: bool, page: Page) -> Sequence[Row]:
    """How many a month, and nobody: the first day of the month stands for it."""
    return await tx.fetch(
        """SELECT * FROM (
               SELECT md5((key || '-01')::date::timestamptz::text)::uuid AS id, NULL AS label, NULL AS path,
                      (key || '-01')::date AS day, NULL AS department, sum(value)::bigint AS value,
                      nullif(why, '') AS why, 'month' AS note, bool_or(demonstration) AS fictional
               FROM tally
               WHERE indicator = 'subscribers' AND cut = 'month' AND n > 0
                 AND ($1::integer IS NULL OR year = $1) AND (why = '') = $2
               GROUP BY key, why) AS told
           WHERE ($3::date IS NULL OR (day, id) < ($3, $4::uuid))
           ORDER BY day DESC, id DESC LIMIT $5""",
        year,
        counted,
        page.after_day,
        page.after_id,
        page.limit,
    )


async def tally_faults(tx: Tx) -> list[str]:
    """What differs between the tally and the states counted again, in sentences."""
    rows = await tx.fetch(
        """WITH again AS (
               SELECT indicator, cut, year, why, note, key, on_day AS day, demonstration, sum(value) AS value,
                      count(*) AS n
               FROM state, LATERAL cells_of(aggregate, service, day, recorded_at, demonstration, body)
               GROUP BY indicator, cut, year, why, note, key, on_day, demonstration)
           SELECT indicator, count(*) AS n
           FROM again FULL JOIN tally USING (indicator, cut, year, why, note, key, day, demonstration)
           WHERE coalesce(again.value, 0) <> coalesce(tally.value, 0) OR coalesce(again.n, 0) <> coalesce(tally.n, 0)
           GROUP BY 1 ORDER BY 1"""
    )
    return [
        f"observatory: {row['n']} counts of {row['indicator']} are not what the states say: "
        "run `maillage replay observatory`."
        for row in rows
    ]
