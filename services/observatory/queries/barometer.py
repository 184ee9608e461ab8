"""What the barometer shows: the situation today, and one year's activity."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.observatory.domain import Figure, Scope, Slice
from services.observatory.indicators import INDICATORS, Indicator
from services.observatory.queries.figures import Asked, counts, figure_from, slices, years_with_facts
from shared import reference
from shared.clock import today
from shared.db import Tx


@dataclass(frozen=True, slots=True)
class Barometer:
    """All that the page says, at one moment."""

    limits: Scope
    year: int | None
    years: Sequence[int]
    as_of: date
    figures: Sequence[tuple[Indicator, Figure, Figure]]
    """Each indicator with its figure of the year and of all time."""
    sdgs: Sequence[Slice]
    departments: Sequence[Slice]
    months: Sequence[Slice]
    months_before: Sequence[Slice]

    def figure(self, name: str) -> tuple[Indicator, Figure, Figure]:
        """One of the figures by the id of its indicator."""
        return next(found for found in self.figures if found[0].id == name)

    @property
    def fictional(self) -> int:
        """How many rows of the demonstration are counted somewhere on the page."""
        return sum(ever.fictional for _one, _year, ever in self.figures)


async def barometer(tx: Tx, year: int | None, *, latest: bool = False, limits: Scope | None = None) -> Barometer:
    """The page's figures within `limits`; `latest` chooses the newest year with facts."""
    limits = limits or Scope()
    years = await years_with_facts(tx)
    if latest:
        year = years[0] if years else today().year
    ever, of_year = replace(limits, year=None), replace(limits, year=year)
    shown = [one for one in INDICATORS.values() if limits.filters <= one.filters]
    actors, requests = INDICATORS["organisations"], INDICATORS["listing-requests"]
    whole = [Asked(one, scope) for one in shown for scope in (of_year, ever)]
    cuts = [Asked(actors, ever, "sdg"), Asked(actors, ever, "department"), Asked(requests, of_year, "month")]
    if year:
        cuts.append(Asked(requests, replace(limits, year=year - 1), "month"))
    told = await counts(tx, whole + cuts)
    figures = [figure_from(each.one, rows) for each, rows in zip(whole, told[: len(whole)], strict=True)]
    sdgs, departments, months, *before = told[len(whole) :]
    return Barometer(
        limits=limits,
        year=year,
        years=years,
        as_of=today(),
        figures=list(zip(shown, figures[::2], figures[1::2], strict=True)),
        sdgs=slices("sdg", sdgs),
        departments=slices("department", departments),
        months=slices("month", months),
        months_before=[line for rows in before for line in slices("month", rows)],
    )


def by_goal(lines: Sequence[Slice]) -> list[tuple[int, int]]:
    """The 17 goals with their value, largest first, then by number."""
    values = {line.key: line.value for line in lines}
    goals = [(goal.number, values.get(str(goal.number), 0)) for goal in reference.sdgs()]
    return sorted(goals, key=lambda pair: (-pair[1], pair[0]))


def by_month(lines: Sequence[Slice], year: int, until: date) -> list[int | None]:
    """Twelve values; None for the months that have not begun."""
    values = {line.key: line.value for line in lines}
    return [
        values.get(f"{year}-{month:02}", 0) if (year, month) <= (until.year, until.month) else None
        for month in range(1, 13)
    ]
