"""Figures printed elsewhere, beside what our own facts give."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.observatory.domain import Comparison, Part, Scope, UnknownFigure, compared
from services.observatory.indicators import indicator
from services.observatory.queries.figures import figure_of
from shared.db import Row, Tx


async def published_figures(tx: Tx, indicator_id: str | None = None, year: int | None = None) -> list[Row]:
    """The figures printed in documents, newest year first."""
    return await tx.fetch(
        """SELECT figure_id, indicator, label, value, unit, year, source FROM figure
           WHERE ($1::text IS NULL OR indicator = $1) AND ($2::integer IS NULL OR year = $2)
           ORDER BY year DESC, figure_id LIMIT 200""",
        indicator_id,
        year,
    )


async def published_figure(tx: Tx, figure_id: str) -> Row:
    """One published figure with its parts. Raises UnknownFigure."""
    row = await tx.fetchrow(
        """SELECT figure_id, indicator, label, value, unit, year, source, source_lines, parts
           FROM figure WHERE figure_id = $1""",
        figure_id,
    )
    if row is None:
        raise UnknownFigure()
    return row


async def comparison(tx: Tx, figure: Row) -> Comparison:
    """The published figure's parts beside the counts of the same gatherings, and the way to our own figure."""
    found = await _gatherings_named(tx, figure["parts"])
    parts = [_part(one, found.get(place)) for place, one in enumerate(figure["parts"])]
    ours = await figure_of(tx, indicator(figure["indicator"]), Scope(year=figure["year"]))
    return compared(parts, figure["value"], ours.value)


async def _gatherings_named(tx: Tx, parts: Sequence[dict[str, Any]]) -> dict[int, Row]:
    """The gathering of each part, by its place: the same title on the same day, or month where no day is known."""
    rows = await tx.fetch(
        """SELECT wanted.place, gathering.title, '/agenda/' || gathering.slug AS path, declared.n, declared.precision,
                  declared.what
           FROM unnest($1::text[], $2::date[]) WITH ORDINALITY AS wanted (title, day, place)
           JOIN gathering ON lower(regexp_replace(gathering.title, '\\s+', ' ', 'g'))
                           = lower(regexp_replace(wanted.title, '\\s+', ' ', 'g'))
                         AND (gathering.day = wanted.day OR (gathering.date_precision = 'month'
                              AND date_trunc('month', gathering.day) = date_trunc('month', wanted.day)))
           LEFT JOIN LATERAL (
               SELECT n, precision, what
               FROM jsonb_to_recordset(gathering.declared_counts) AS c (n int, precision text, what text)
               ORDER BY (what = 'present') DESC NULLS LAST, what DESC NULLS FIRST,
                        array_position(ARRAY['exact', 'about', 'at_least'], precision) LIMIT 1) AS declared ON true""",
        [one.get("gathering_title") for one in parts],
        [date.fromisoformat(one["occurred_on"]) if one.get("occurred_on") else None for one in parts],
    )
    return {row["place"] - 1: row for row in rows}


def _part(one: dict[str, Any], found: Row | None) -> Part:
    day = date.fromisoformat(one["occurred_on"]) if one.get("occurred_on") else None
    if found is None:
        return Part(one["label"], one["value"], day, one.get("note"))
    return Part(
        one["label"],
        one["value"],
        day,
        one.get("note"),
        found["path"],
        found["title"],
        found["n"],
        found["precision"],
        found["what"],
    )
