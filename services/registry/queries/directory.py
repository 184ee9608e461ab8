"""The directory: full text in French, facets with counts, pages by keyset."""

import base64
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.registry.domain import UnknownOrganisation
from services.registry.forms import OrganisationsAsked
from services.registry.tally import FACETS, Tally, bits_of, numbers_of
from shared.db import Row, Tx
from shared.errors import Invalid
from shared.reference import fold

EXPORTED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the directory."""

    items: list[Row]
    total: int
    facets: dict[str, list[tuple[str, int]]]
    """Value and count, the largest first; a facet's own choice does not narrow its own counts."""
    next: str | None
    corrected: str | None = None
    """The words that were looked for, where no structure holds those that were typed."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What fits a search: the words looked for, those that hold them, and those of them that fit the filters."""

    words: str
    corrected: bool
    holding: int
    fitting: int
    many: bool
    """So many that an index in the wanted order meets a page of them sooner than they are fetched and sorted."""


async def search(tx: Tx, asked: OrganisationsAsked, tally: Tally) -> Found:
    """The structures that fit, by name or newest first; the nearest words where no structure holds those typed."""
    after = _cursor(asked.cursor, asked.sort)
    matched = await _match(tx, asked, tally)
    rows = await _page(tx, asked, matched, after)
    more = len(rows) > asked.limit
    rows = rows[: asked.limit]
    return Found(
        rows,
        matched.fitting.bit_count(),
        tally.facets(_chosen(asked), matched.holding),
        _next(asked, rows[-1]) if more else None,
        matched.words if matched.corrected else None,
    )


async def every_page(tx: Tx, asked: OrganisationsAsked, tally: Tally) -> AsyncIterator[list[Row]]:
    """All the structures that fit, a thousand at a time, by name."""
    asked = asked.model_copy(update={"sort": "name", "cursor": "", "limit": EXPORTED_AT_ONCE})
    matched = await _match(tx, asked, tally)
    after: tuple[str, str] | None = None
    while rows := (await _page(tx, asked, matched, after))[:EXPORTED_AT_ONCE]:
        yield rows
        after = rows[-1]["sort_key"], str(rows[-1]["id"])


def _chosen(asked: OrganisationsAsked) -> dict[str, list[str]]:
    return {facet: getattr(asked, facet) for facet in FACETS}


async def _match(tx: Tx, asked: OrganisationsAsked, tally: Tally) -> Matched:
    words, corrected = asked.q.strip(), False
    await tally.follow(tx)
    holding = tally.listed
    if words:
        holding &= await tally.holding(words, lambda: _holding(tx, words))
        if not holding and (nearest := await _nearest(tx, words)) != fold(words):
            words, corrected = nearest, True
            holding = tally.listed & await tally.holding(nearest, lambda: _holding(tx, nearest))
    fitting = tally.matching(_chosen(asked), holding)
    many = fitting.bit_count() ** 2 > tally.listed.bit_count() * asked.limit
    return Matched(words, corrected and holding > 0, holding, fitting, many)


async def _holding(tx: Tx, words: str) -> int:
    """The structures whose name, place or description hold these words, as bits."""
    return bits_of(
        await tx.fetchval(
            """SELECT coalesce(array_agg(number), '{}') FROM organisation
               WHERE status IN ('published', 'to_refresh')
                 AND words @@ (websearch_to_tsquery('french', folded($1))
                               || websearch_to_tsquery('simple', folded($1)))""",
            words,
        )
    )


async def _nearest(tx: Tx, words: str) -> str:
    """Each word, or the one of the directory that looks most like it."""
    asked = re.findall(r"[a-z0-9]+", fold(words))[:12]
    rows = await tx.fetch(
        """SELECT coalesce(
               (SELECT word FROM word WHERE word = asked),
               (SELECT word FROM word WHERE word % asked ORDER BY similarity(word, asked) DESC, word LIMIT 1),
               asked) AS nearest
           FROM unnest($1::text[]) WITH ORDINALITY AS typed (asked, place) ORDER BY place""",
        asked,
    )
    return " ".join(row["nearest"] for row in rows)


async def _page(tx: Tx, asked: OrganisationsAsked, matched: Matched, after: tuple[str, str] | None) -> list[Row]:
    if matched.many:
        page = _many_newest if asked.sort == "newest" else _many_by_name
        return await page(tx, asked, matched.words, after)
    few = _few_newest if asked.sort == "newest" else _few_by_name
    return await few(tx, numbers_of(matched.fitting), after, asked.limit + 1)


async def _few_by_name(tx: Tx, numbers: list[int], after: tuple[str, str] | None, limit: int) -> list[Row]:
    return await tx.fetch(
        """SELECT *, sort_name AS sort_key FROM organisation
           WHERE number = ANY($1) AND ($2::text IS NULL OR (sort_name, id) > ($2, $3::uuid))
           ORDER BY sort_name, id LIMIT $4""",
        numbers,
        *(after or (None, None)),
        limit,
    )


async def _few_newest(tx: Tx, numbers: list[int], after: tuple[str, str] | None, limit: int) -> list[Row]:
    return await tx.fetch(
        """SELECT *, published_on::text AS sort_key FROM organisation
           WHERE number = ANY($1) AND ($2::text IS NULL OR (published_on, id) < ($2::text::date, $3::uuid))
           ORDER BY published_on DESC, id DESC LIMIT $4""",
        numbers,
        *(after or (None, None)),
        limit,
    )


async def _many_by_name(tx: Tx, asked: OrganisationsAsked, words: str, after: tuple[str, str] | None) -> list[Row]:
    return await tx.fetch(
        """SELECT *, sort_name AS sort_key FROM organisation
           WHERE status IN ('published', 'to_refresh')
             AND ($1 = '' OR words @@ (websearch_to_tsquery('french', folded($1))
                                       || websearch_to_tsquery('simple', folded($1))))
             AND (cardinality($2::text[]) = 0 OR college = ANY($2))
             AND (cardinality($3::text[]) = 0 OR kind = ANY($3))
             AND (cardinality($4::text[]) = 0 OR department = ANY($4))
             AND (cardinality($5::text[]) = 0 OR themes && $5)
             AND (cardinality($6::int[]) = 0 OR sdgs && $6)
             AND (cardinality($7::text[]) = 0 OR countries && $7)
             AND ($8::text IS NULL OR (sort_name, id) > ($8, $9::uuid))
           ORDER BY sort_name, id LIMIT $10""",
        words,
        *_chosen(asked).values(),
        *(after or (None, None)),
        asked.limit + 1,
    )


async def _many_newest(tx: Tx, asked: OrganisationsAsked, words: str, after: tuple[str, str] | None) -> list[Row]:
    return await tx.fetch(
        """SELECT *, published_on::text AS sort_key FROM organisation
           WHERE status IN ('published', 'to_refresh')
             AND ($1 = '' OR words @@ (websearch_to_tsquery('french', folded($1))
                                       || websearch_to_tsquery('simple', folded($1))))
             AND (cardinality($2::text[]) = 0 OR college = ANY($2))
             AND (cardinality($3::text[]) = 0 OR kind = ANY($3))
             AND (cardinality($4::text[]) = 0 OR department = ANY($4))
             AND (cardinality($5::text[]) = 0 OR themes && $5)
             AND (cardinality($6::int[]) = 0 OR sdgs && $6)
             AND (cardinality($7::text[]) = 0 OR countries && $7)
             AND ($8::text IS NULL OR (published_on, id) < ($8::text::date, $9::uuid))
           ORDER BY published_on DESC, id DESC LIMIT $10""",
        words,
        *_chosen(asked).values(),
        *(after or (None, None)),
        asked.limit + 1,
    )


def _next(asked: OrganisationsAsked, last: Row) -> str:
    return base64.urlsafe_b64encode(json.dumps([asked.sort, last["sort_key"], str(last["id"])]).encode()).decode()


def _cursor(cursor: str, sort: str) -> tuple[str, str] | None:
    if not cursor:
        return None
    try:
        sorted_by, key, last = json.loads(base64.urlsafe_b64decode(cursor))
        if sorted_by != sort or not isinstance(key, str) or "\x00" in key:
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


async def organisations_of_the_team(tx: Tx, q: str, status: str, limit: int) -> list[Row]:
    """Every organisation, listed or not, by name."""
    return await tx.fetch(
        """SELECT * FROM organisation
           WHERE ($1 = '' OR folded(name) LIKE '%' || folded($1) || '%' OR folded(acronym) = folded($1))
             AND ($2 = '' OR status = $2)
           ORDER BY sort_name, id LIMIT $3""",
        q,
        status,
        limit,
    )
