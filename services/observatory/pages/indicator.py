"""One indicator: what it says, its cuts, the facts behind it and those it leaves out."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.observatory.domain import CUTS, Dimension, FactBehind, Figure, Page, Scope, Slice
from services.observatory.indicators import Indicator, indicator
from services.observatory.pages.common import Choice, Cursor, YearChoice, database, shown, year_of
from services.observatory.pages.parts import months_chart
from services.observatory.queries.figures import (
    Asked,
    counts,
    dimension,
    figure_from,
    figure_of,
    opened,
    slices,
    years_with_facts,
)
from services.observatory.queries.published import published_figures
from shared import reference
from shared.db import Tx
from shared.web import charts, maps
from shared.web.format import number, percent
from shared.web.i18n import _, ngettext
from shared.web.pages import render
from shared.web.session import Session

router = APIRouter(include_in_schema=False)


@router.get("/observatoire/{indicator_id}")
async def show_indicator(
    request: Request,
    indicator_id: str,
    year: YearChoice = None,
    by: Choice = None,
    counted: Choice = None,
    cursor: Cursor = None,
) -> Response:
    """A figure that opens."""
    return await shown(request, lambda: _indicator(request, indicator(indicator_id), year, by, counted, cursor))


async def _indicator(
    request: Request, one: Indicator, year: str | None, by: str | None, counted: str | None, cursor: str | None
) -> Response:
    cut = dimension(one, by or ("department" if one.id == "organisations" else "month"))
    session: Session | None = request.state.session
    team = session is not None and session.is_team
    wanted, latest = year_of(year)
    async with database(request).reading() as tx:
        years = await years_with_facts(tx)
        scope = Scope(years[0] if latest and years else wanted)
        figure, before = await _figure(tx, one, scope, cut)
        found = await opened(tx, one, scope, Page.after(cursor), counted=counted != "no", team=team)
        published = await published_figures(tx, one.id, scope.year)
    return render(
        request,
        "observatory/indicator.html",
        section="observatory",
        one=one,
        figure=figure,
        years=years,
        year=scope.year,
        cut=cut,
        facts=found,
        counted=counted != "no",
        first_page=not cursor,
        labels={fact.id: label_of_fact(one, fact) for fact in found.items},
        demonstration=figure.fictional > 0,
        published=published,
        cuts=[(code, _(CUTS[code])) for code in one.dimensions],
        chart=chart_of(one, figure, cut, scope.year, before, region=request.app.state.settings.region),
        rows=[[line.label, number(line.value), share_of(line, figure)] for line in figure.by or []],
        unknown=sum(line.value for line in figure.by or [] if line.key is None),
    )


async def _figure(tx: Tx, one: Indicator, scope: Scope, cut: Dimension | None) -> tuple[Figure, list[Slice]]:
    """The figure with its cut, and where it is cut by month the year before it."""
    if cut is None:
        return await figure_of(tx, one, scope), []
    asked = [Asked(one, scope), Asked(one, scope, cut)]
    if cut == "month" and scope.year:
        asked.append(Asked(one, Scope(scope.year - 1), cut))
    whole, lines, *before = await counts(tx, asked)
    return figure_from(one, whole, slices(cut, lines)), [line for rows in before for line in slices(cut, rows)]


def chart_of(
    one: Indicator, figure: Figure, cut: Dimension | None, year: int | None, before: list[Slice], *, region: str
) -> Any:
    """The chart that suits a cut: columns for months, a map for departments, bars for the rest; None for nothing."""
    known = [line for line in figure.by or [] if line.key is not None]
    if not known:
        return None
    if cut == "month":
        return months_chart(known, before, year, figure.as_of)
    if cut == "department":
        return maps.departments_map(
            {line.key: line.value for line in known if line.key},
            region=region,
            title=_(one.name),
            unit=lambda n: f"{number(n)} {one.unit_of(n)}",
        )
    head = (_(CUTS[cut]).capitalize() if cut else "", _(one.unit[1]).capitalize())
    if cut == "sdg":
        rows = [charts.sdg_bar(int(line.key or 0), line.value) for line in known if reference.sdg(int(line.key or 0))]
        return charts.bars(rows, _(one.name), (_("ODD"), head[1]))
    return charts.bars([charts.Bar(line.label, line.value) for line in known[:30]], _(one.name), head)


def share_of(line: Slice, figure: Figure) -> str:
    """The share of a line in the whole figure."""
    return percent(line.value / figure.value) if figure.value else "–"


def label_of_fact(one: Indicator, fact: FactBehind) -> str:
    """How a fact behind a figure reads, where it has no public name."""
    if fact.label:
        return fact.label
    found = reference.department(fact.department or "")
    where = f", {found.name} ({found.code})" if found else ""
    if one.id == "listing-requests":
        return _("Demande de référencement") + where
    if one.id == "subscribers":
        return ngettext("%(n)s abonnement dans le mois", "%(n)s abonnements dans le mois", fact.value or 0)
    if one.id == "letters-sent":
        return _("Envoi") + where
    return _("Rencontre dont le titre n’est pas encore connu") + where
