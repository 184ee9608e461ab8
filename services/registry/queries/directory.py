"""The directory: full text in French, facets with counts, pages by keyset."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.registry.domain import UnknownOrganisation
from services.registry.forms import OrganisationsAsked
from shared.db import Row, Tx
from shared.errors import Invalid

FACETS = ("college", "kind", "department", "theme", "sdg", "country")
EXPORTED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the directory."""

    items: list[Row]
    total: int
    facets: dict[str, list[tuple[str, int]]]
    """Value and count, the largest first; a facet's own choice does not narrow its own counts."""
    next: str | None
    corrected: bool = False
    """True where nothing held the words as typed, and these are the nearest names."""


async def search(tx: Tx, asked: OrganisationsAsked) -> Found:
    """The structures that fit, by name or newest first; the nearest names where no structure holds the words."""
    found = await _search(tx, asked, near=False)
    if found.total or not asked.q.strip():
        return found
    return await _search(tx, asked, near=True)


async def _search(tx: Tx, asked: OrganisationsAsked, near: bool) -> Found:
    q = asked.q.strip()
    facets = await _facets(tx, asked, q, near)
    after = _cursor(asked.cursor)
    page = _newest if asked.sort == "newest" else _by_name
    rows = await page(tx, asked, q, near, after)
    more = len(rows) > asked.limit
    rows = rows[: asked.limit]
    total = next((n for facet, _, n in facets if facet == "total"), 0)
    counted = {name: [(value, n) for facet, value, n in facets if facet == name] for name in FACETS}
    return Found(rows, total, counted, _next(asked, rows[-1]) if more else None, corrected=near and total > 0)


async def every_page(tx: Tx, asked: OrganisationsAsked) -> AsyncIterator[list[Row]]:
    """All the structures that fit, a thousand at a time, by name."""
    asked = asked.model_copy(update={"sort": "name", "cursor": "", "limit": EXPORTED_AT_ONCE})
    near = not (await _search(tx, asked.model_copy(update={"limit": 1}), near=False)).total
    after: tuple[str, str] | None = None
    while rows := (await _by_name(tx, asked, asked.q.strip(), near, after))[:EXPORTED_AT_ONCE]:
        yield rows
        after = rows[-1]["sort_key"], str(rows[-1]["id"])


def _filters(asked: OrganisationsAsked, q: str, near: bool) -> tuple[Any, ...]:
    return (
        q,
        near,
        asked.college,
        asked.kind,
        asked.department,
        asked.theme,
        asked.sdg,
        asked.country,
    )


async def _by_name(tx: Tx, asked: OrganisationsAsked, q: str, near: bool, after: tuple[str, str] | None) -> list[Row]:
    return await tx.fetch(
        """SELECT *, folded(name) AS sort_key FROM organisation
           WHERE status IN ('published', 'to_refresh')
             AND ($1 = '' OR CASE WHEN $2 THEN folded($1) <% folded(name)
                  ELSE words @@ (websearch_to_tsquery('french', folded($1))
                                 || websearch_to_tsquery('simple', folded($1))) END)
             AND (cardinality($3::text[]) = 0 OR college = ANY($3))
             AND (cardinality($4::text[]) = 0 OR kind = ANY($4))
             AND (cardinality($5::text[]) = 0 OR department = ANY($5))
             AND (cardinality($6::text[]) = 0 OR themes && $6)
             AND (cardinality($7::int[]) = 0 OR sdgs && $7)
             AND (cardinality($8::text[]) = 0 OR countries && $8)
             AND ($9::text IS NULL OR (folded(name), id) > ($9, $10::uuid))
           ORDER BY folded(name), id LIMIT $11""",
        *_filters(asked, q, near),
        after[0] if after else None,
        after[1] if after else None,
        asked.limit + 1,
    )


async def _newest(tx: Tx, asked: OrganisationsAsked, q: str, near: bool, after: tuple[str, str] | None) -> list[Row]:
    return await tx.fetch(
        """SELECT *, published_on::text AS sort_key FROM organisation
           WHERE status IN ('published', 'to_refresh')
             AND ($1 = '' OR CASE WHEN $2 THEN folded($1) <% folded(name)
                  ELSE words @@ (websearch_to_tsquery('french', folded($1))
                                 || websearch_to_tsquery('simple', folded($1))) END)
             AND (cardinality($3::text[]) = 0 OR college = ANY($3))
             AND (cardinality($4::text[]) = 0 OR kind = ANY($4))
             AND (cardinality($5::text[]) = 0 OR department = ANY($5))
             AND (cardinality($6::text[]) = 0 OR themes && $6)
             AND (cardinality($7::int[]) = 0 OR sdgs && $7)
             AND (cardinality($8::text[]) = 0 OR countries && $8)
             AND ($9::text IS NULL OR (published_on, id) < ($9::text::date, $10::uuid))
           ORDER BY published_on DESC, id DESC LIMIT $11""",
        *_filters(asked, q, near),
        after[0] if after else None,
        after[1] if after else None,
        asked.limit + 1,
    )


async def _facets(tx: Tx, asked: OrganisationsAsked, q: str, near: bool) -> list[tuple[str, str, int]]:
    rows = await tx.fetch(
        """WITH matched AS MATERIALIZED (
               SELECT college, kind, department, themes, sdgs, countries,
                   cardinality($3::text[]) = 0 OR coalesce(college = ANY($3), false) AS c1,
                   cardinality($4::text[]) = 0 OR coalesce(kind = ANY($4), false) AS c2,
                   cardinality($5::text[]) = 0 OR coalesce(department = ANY($5), false) AS c3,
                   cardinality($6::text[]) = 0 OR themes && $6 AS c4,
                   cardinality($7::int[]) = 0 OR sdgs && $7 AS c5,
                   cardinality($8::text[]) = 0 OR countries && $8 AS c6
               FROM organisation
               WHERE status IN ('published', 'to_refresh')
                 AND ($1 = '' OR CASE WHEN $2 THEN folded($1) <% folded(name)
                      ELSE words @@ (websearch_to_tsquery('french', folded($1))
                                     || websearch_to_tsquery('simple', folded($1))) END))
           SELECT 'total' AS facet, '' AS value, count(*) AS n FROM matched WHERE c1 AND c2 AND c3 AND c4 AND c5 AND c6
           UNION ALL SELECT 'college', college, count(*) FROM matched
               WHERE college IS NOT NULL AND c2 AND c3 AND c4 AND c5 AND c6 GROUP BY 2
           UNION ALL SELECT 'kind', kind, count(*) FROM matched
               WHERE kind IS NOT NULL AND c1 AND c3 AND c4 AND c5 AND c6 GROUP BY 2
           UNION ALL SELECT 'department', department, count(*) FROM matched
               WHERE department IS NOT NULL AND c1 AND c2 AND c4 AND c5 AND c6 GROUP BY 2
           UNION ALL SELECT 'theme', value, count(*) FROM matched, unnest(themes) AS value
               WHERE c1 AND c2 AND c3 AND c5 AND c6 GROUP BY 2
           UNION ALL SELECT 'sdg', value::text, count(*) FROM matched, unnest(sdgs) AS value
               WHERE c1 AND c2 AND c3 AND c4 AND c6 GROUP BY 2
           UNION ALL SELECT 'country', value, count(*) FROM matched, unnest(countries) AS value
               WHERE c1 AND c2 AND c3 AND c4 AND c5 GROUP BY 2
           ORDER BY 1, 3 DESC, 2""",
        *_filters(asked, q, near),
    )
    return [(row["facet"], row["value"], row["n"]) for row in rows]


def _next(asked: OrganisationsAsked, last: Row) -> str:
    return base64.urlsafe_b64encode(json.dumps([asked.sort, last["sort_key"], str(last["id"])]).encode()).decode()


def _cursor(cursor: str) -> tuple[str, str] | None:
    if not cursor:
        return None
    try:
        sort, key, last = json.loads(base64.urlsafe_b64decode(cursor))
        if sort not in ("name", "newest") or not isinstance(key, str) or "\x00" in key:
            raise ValueError
        if sort == "newest":
            date.fromisoformat(key)
        return key, str(UUID(last))
    except (ValueError, TypeError):
        raise Invalid({"cursor": "Cette page n’existe pas\u00a0: revenez au début de la liste."}) from None


async def profile(tx: Tx, slug: str) -> Row:
    """A listed organisation by its address or id, or UnknownOrganisation."""
    row = await tx.fetchrow(
        """SELECT * FROM organisation
           WHERE (slug = $1 OR id = $2) AND status IN ('published', 'to_refresh')""",
        slug,
        _id(slug),
    )
    if row is None:
        raise UnknownOrganisation()
    return row


def _id(word: str) -> UUID | None:
    try:
        return UUID(word)
    except ValueError:
        return None


async def newest_organisations(tx: Tx, limit: int) -> list[Row]:
    """The structures listed last."""
    return await tx.fetch(
        """SELECT * FROM organisation WHERE status IN ('published', 'to_refresh') AND source IS NULL
           ORDER BY published_on DESC, id DESC LIMIT $1""",
        limit,
    )


async def listed_count(tx: Tx) -> int:
    """How many structures are listed."""
    return int(await tx.fetchval("SELECT count(*) FROM organisation WHERE status IN ('published', 'to_refresh')"))


async def organisations_of_the_team(tx: Tx, q: str, status: str, limit: int) -> list[Row]:
    """Every organisation, listed or not, by name."""
    return await tx.fetch(
        """SELECT * FROM organisation
           WHERE ($1 = '' OR folded(name) LIKE '%' || folded($1) || '%' OR folded(acronym) = folded($1))
             AND ($2 = '' OR status = $2)
           ORDER BY folded(name), id LIMIT $3""",
        q,
        status,
        limit,
    )
