"""One gathering, or a list of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.events.domain import Gathering, UnknownGathering
from services.events.forms import GatheringsAsked
from shared.db import Tx


async def gathering_of(tx: Tx, gathering_id: UUID) -> Gathering:
    """The gathering of this id; UnknownGathering."""
    row = await tx.fetchrow("SELECT * FROM gathering WHERE id = $1", gathering_id)
    if row is None:
        raise UnknownGathering()
    return Gathering.of(row)


async def locked_gathering(tx: Tx, gathering_id: UUID) -> Gathering:
    """The gathering of this id, held until the transaction ends; UnknownGathering."""
    row = await tx.fetchrow("SELECT * FROM gathering WHERE id = $1 FOR UPDATE", gathering_id)
    if row is None:
        raise UnknownGathering()
    return Gathering.of(row)


async def public_gathering(tx: Tx, slug: str) -> Gathering:
    """The gathering at this address, once it is public; UnknownGathering."""
    row = await tx.fetchrow("SELECT * FROM gathering WHERE slug = $1 AND status <> 'draft'", slug)
    if row is None:
        raise UnknownGathering()
    return Gathering.of(row)


async def gathering_named(tx: Tx, title: str, day: object, source: str) -> Gathering | None:
    """The gathering that a document names by its title and day."""
    row = await tx.fetchrow(
        "SELECT * FROM gathering WHERE title = $1 AND first_day = $2 AND source = $3", title, day, source
    )
    return Gathering.of(row) if row else None


async def taken_slugs(tx: Tx, slugs: Sequence[str]) -> set[str]:
    """Those of these addresses that a gathering has."""
    return {row["slug"] for row in await tx.fetch("SELECT slug FROM gathering WHERE slug = ANY($1)", list(slugs))}


async def coming_gatherings(tx: Tx, asked: GatheringsAsked, after: tuple[datetime, UUID] | None) -> list[Gathering]:
    """Public gatherings that are not over, the nearest first; one more than the limit where others follow."""
    rows = await tx.fetch(
        """SELECT * FROM gathering
           WHERE status <> 'draft' AND ends_at > now()
             AND ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR group_slug = $2)
             AND ($3::text IS NULL OR $3 = ANY(themes)) AND ($4::text IS NULL OR department = $4)
             AND ($5::int IS NULL OR extract(year FROM first_day) = $5)
             AND ($6::timestamptz IS NULL OR (starts_at, id) > ($6, $7::uuid))
           ORDER BY starts_at, id LIMIT $8""",
        *(asked.kind, asked.group, asked.theme, asked.department, asked.year),
        *(after or (None, None)),
        asked.limit + 1,
    )
    return [Gathering.of(row) for row in rows]


async def past_gatherings(tx: Tx, asked: GatheringsAsked, before: tuple[datetime, UUID] | None) -> list[Gathering]:
    """Public gatherings that are over, the latest first; one more than the limit where others follow."""
    rows = await tx.fetch(
        """SELECT * FROM gathering
           WHERE status <> 'draft' AND ends_at <= now()
             AND ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR group_slug = $2)
             AND ($3::text IS NULL OR $3 = ANY(themes)) AND ($4::text IS NULL OR department = $4)
             AND ($5::int IS NULL OR extract(year FROM first_day) = $5)
             AND ($6::timestamptz IS NULL OR (starts_at, id) < ($6, $7::uuid))
           ORDER BY starts_at DESC, id DESC LIMIT $8""",
        *(asked.kind, asked.group, asked.theme, asked.department, asked.year),
        *(before or (None, None)),
        asked.limit + 1,
    )
    return [Gathering.of(row) for row in rows]


async def count_gatherings(tx: Tx, asked: GatheringsAsked) -> int:
    """How many public gatherings answer, on all pages."""
    found: int = await tx.fetchval(
        """SELECT count(*) FROM gathering
           WHERE status <> 'draft' AND (ends_at > now()) = $6
             AND ($1::text IS NULL OR kind = $1) AND ($2::text IS NULL OR group_slug = $2)
             AND ($3::text IS NULL OR $3 = ANY(themes)) AND ($4::text IS NULL OR department = $4)
             AND ($5::int IS NULL OR extract(year FROM first_day) = $5)""",
        *(asked.kind, asked.group, asked.theme, asked.department, asked.year),
        asked.period == "coming",
    )
    return found


@dataclass(frozen=True, slots=True)
class Choice:
    """A value by which the agenda can be filtered, and how many gatherings it would show."""

    name: str
    value: str
    count: int


async def agenda_choices(tx: Tx, coming: bool) -> list[Choice]:
    """What the agenda can be filtered by, in its period."""
    rows = await tx.fetch(
        """WITH shown AS (SELECT * FROM gathering WHERE status <> 'draft' AND (ends_at > now()) = $1)
           SELECT 'kind' AS name, kind AS value, count(*) AS n FROM shown GROUP BY kind
           UNION ALL SELECT 'group', group_slug, count(*) FROM shown WHERE group_slug IS NOT NULL GROUP BY group_slug
           UNION ALL SELECT 'theme', theme, count(*) FROM shown, unnest(themes) AS theme GROUP BY theme
           UNION ALL SELECT 'department', department, count(*) FROM shown WHERE department IS NOT NULL
               GROUP BY department
           UNION ALL SELECT 'year', extract(year FROM first_day)::int::text, count(*) FROM shown GROUP BY 2
           ORDER BY 1, 3 DESC, 2""",
        coming,
    )
    return [Choice(row["name"], row["value"], row["n"]) for row in rows]


async def calendar_gatherings(tx: Tx, group: str | None, theme: str | None) -> list[Gathering]:
    """What a subscribed calendar holds: the year past, and all that comes."""
    rows = await tx.fetch(
        """SELECT * FROM gathering
           WHERE status <> 'draft' AND ends_at > now() - interval '1 year' AND date_precision <> 'month'
             AND ($1::text IS NULL OR group_slug = $1) AND ($2::text IS NULL OR $2 = ANY(themes))
           ORDER BY starts_at, id LIMIT 1000""",
        group,
        theme,
    )
    return [Gathering.of(row) for row in rows]


async def drafts(tx: Tx) -> list[Gathering]:
    """What the team has not published, the nearest first."""
    rows = await tx.fetch("SELECT * FROM gathering WHERE status = 'draft' ORDER BY starts_at, id LIMIT 200")
    return [Gathering.of(row) for row in rows]
