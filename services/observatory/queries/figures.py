"""A figure, its cuts, and the facts it opens on."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.observatory.domain import (
    CUTS,
    CannotCut,
    Dimension,
    FactBehind,
    Figure,
    Page,
    Scope,
    Share,
    Slice,
    label_of,
)
from services.observatory.indicators import INDICATORS, Indicator
from services.observatory.tally import registrations_by_college, tallied
from shared.clock import today
from shared.db import Row, Tx
from shared.web.i18n import _


def dimension(one: Indicator, by: str | None) -> Dimension | None:
    """The cut asked for, where this figure has it. Raises CannotCut with what can be asked."""
    if by is None:
        return None
    for known in one.dimensions:
        if known == by:
            return known
    listed = ", ".join(f"{code} ({_(CUTS[code])})" for code in one.dimensions)
    raise CannotCut(_("Ce chiffre se découpe ainsi\u00a0: %(listed)s.", listed=listed))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the facts: an indicator's figure within a scope, or one of its cuts."""

    one: Indicator
    scope: Scope
    by: Dimension | None = None


async def figure_of(tx: Tx, one: Indicator, scope: Scope, by: Dimension | None = None) -> Figure:
    """An indicator's figure within a scope, with its cut where one is asked."""
    whole, *cut = await counts(tx, [Asked(one, scope), *([Asked(one, scope, by)] if by else [])])
    return figure_from(one, whole, slices(by, *cut) if by else None)


async def counts(tx: Tx, asked: Sequence[Asked]) -> list[list[Row]]:
    """What `count` of each indicator tells: from the tally at once, or within a partner's limits from the states."""
    if any(each.scope.filters for each in asked):
        return [list(await each.one.count(tx, each.by, each.scope)) for each in asked]
    told = await tallied(tx, [(each.one.id, each.by, each.scope.year) for each in asked])
    for place, each in enumerate(asked):
        if each.one.id == "registrations" and each.by == "college":
            told[place] = await registrations_by_college(tx, each.scope.year)
    return told


def figure_from(one: Indicator, rows: Sequence[Row], by: Sequence[Slice] | None = None) -> Figure:
    """The figure that an indicator's rows make."""
    counted = [row for row in rows if row["why"] is None]
    return Figure(
        value=sum(row["value"] for row in counted),
        n=sum(row["n"] for row in counted),
        as_of=today(),
        fictional=sum(row["fictional"] for row in counted),
        by=by,
        made_of=_shares(counted, "note", one.notes),
        apart=_shares([row for row in rows if row["why"] is not None], "why", one.reasons),
    )


def slices(by: Dimension, rows: Sequence[Row]) -> list[Slice]:
    """The lines of a cut: months in their order, ODD by number, the rest by size; what is not known comes last."""
    values: defaultdict[str | None, int] = defaultdict(int)
    for row in rows:
        if row["why"] is None:
            values[row["key"]] += row["value"]
    lines = [Slice(key, label_of(by, key), value) for key, value in values.items()]
    if by == "month":
        return sorted(lines, key=lambda line: line.key or "~")
    if by == "sdg":
        return sorted(lines, key=lambda line: int(line.key or 99))
    return sorted(lines, key=lambda line: (line.key is None, -line.value, line.label))


def _shares(rows: Sequence[Row], column: str, words: Mapping[str, tuple[str, str]]) -> list[Share]:
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row[column] is not None:
            value, n = found.get(row[column], (0, 0))
            found[row[column]] = (value + row["value"], n + row["n"])
    known = sorted(found, key=lambda code: list(words).index(code) if code in words else len(words))
    return [Share(code, _worded(words, code, max(found[code])), *found[code]) for code in known]


def _worded(words: Mapping[str, tuple[str, str]], code: str, value: int) -> str:
    return _(words.get(code, (code, code))[value > 1])


@dataclass(frozen=True, slots=True)
class Opened:
    """A page of the facts behind a figure, and where the next begins."""

    items: Sequence[FactBehind]
    next: str | None


async def opened(
    tx: Tx, one: Indicator, scope: Scope, page: Page, *, counted: bool = True, team: bool = False
) -> Opened:
    """The facts behind a figure, newest first; or those that are not counted, each with why."""
    opening = one.facts_for_team if team else one.facts
    rows = await opening(tx, scope, counted, Page(page.after_day, page.after_id, page.limit + 1))
    items = [_fact(one, row) for row in rows[: page.limit]]
    last = items[-1] if len(rows) > page.limit else None
    return Opened(items, f"{last.day}_{last.id}" if last else None)


def _fact(one: Indicator, row: Row) -> FactBehind:
    why = row["why"]
    return FactBehind(
        id=row["id"],
        label=row["label"] or "",
        path=row["path"] if row["label"] or "/equipe/" in (row["path"] or "") else None,
        day=row["day"],
        department=row["department"],
        value=row["value"],
        why=_worded(one.reasons, why, 1) if why else None,
        note=row["note"],
        fictional=row["fictional"],
    )


async def years_with_facts(tx: Tx) -> list[int]:
    """The years in which something that figures count happened, newest first; coming gatherings do not make a year."""
    rows = await tx.fetch(
        """SELECT year FROM tally
           WHERE indicator = ANY($1) AND cut = 'month' AND key < to_char(current_date, 'YYYY-MM')
           GROUP BY year HAVING sum(n) > 0
           UNION
           SELECT extract(year FROM current_date)::integer WHERE EXISTS (
               SELECT FROM counted
               WHERE aggregate IN (
                   'organisation', 'listing_request', 'gathering', 'registration', 'subscription', 'letter')
                 AND day BETWEEN date_trunc('month', current_date)::date AND current_date)
           ORDER BY year DESC LIMIT 30""",
        list(INDICATORS),
    )
    return [row["year"] for row in rows]
