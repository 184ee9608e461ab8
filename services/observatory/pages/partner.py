"""A partner's dashboard: the same figures, limited on the server to what the partner funds. It fails closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.observatory.domain import DashboardClosed, FactBehind, Page, UnknownDashboard
from services.observatory.headlines import filters_said
from services.observatory.indicators import INDICATORS, indicator
from services.observatory.pages.common import Choice, Cursor, YearChoice, database, read, year_of
from services.observatory.pages.indicator import label_of_fact
from services.observatory.pages.parts import fragments, version_of
from services.observatory.pages.stream import moving
from services.observatory.queries.barometer import Barometer, barometer
from services.observatory.queries.dashboards import dashboard_of, scope_of
from services.observatory.queries.figures import figure_of, opened
from shared.db import Row, Tx
from shared.web.admission import admit_key
from shared.web.i18n import _
from shared.web.pages import error_page, render, url

router = APIRouter(include_in_schema=False)
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A dashboard and what it shows, at one moment."""

    dashboard: Row
    view: Barometer
    parts: Mapping[str, str]


async def _shown(request: Request, key: str, choice: str | None) -> Shown:
    """The dashboard of this key; the row is read each time, so that a closed one closes at once."""
    async with database(request).reading() as tx:
        dashboard = await dashboard_of(tx, key)
    year, latest = year_of(choice)

    async def reading(tx: Tx) -> Shown:
        view = await barometer(tx, year, latest=latest, limits=scope_of(dashboard))
        told = fragments(view, request.app.state.settings.region, f"/observatoire/partenaire/{key}")
        return Shown(dashboard, view, told)

    return await read(request, f"dashboard {dashboard['dashboard_id']} {year} {latest}", reading)


def _closed(request: Request, refusal: UnknownDashboard | DashboardClosed) -> Response:
    answer = error_page(request, refusal.status, _(refusal.sentence))
    answer.headers.update(PRIVATE)
    return answer


@router.get("/observatoire/partenaire/{key}")
async def show_dashboard(request: Request, key: str, year: YearChoice = None) -> Response:
    """What a partner funds, live and dated."""
    admit_key(request, key)
    try:
        shown = await _shown(request, key, year)
    except (UnknownDashboard, DashboardClosed) as refusal:
        return _closed(request, refusal)
    chosen = shown.view.year or "all"
    return render(
        request,
        "observatory/dashboard.html",
        headers=PRIVATE,
        section="observatory",
        dashboard=shown.dashboard,
        limits=filters_said(scope_of(shown.dashboard)),
        missing=[_(one.name) for one in INDICATORS.values() if one not in [found[0] for found in shown.view.figures]],
        view=shown.view,
        parts=shown.parts,
        live=url(f"/observatoire/partenaire/{key}/flux", year=chosen, seen=version_of(shown.parts)),
        demonstration=shown.view.fictional > 0,
    )


@router.get("/observatoire/partenaire/{key}/flux")
async def stream_dashboard(request: Request, key: str, year: YearChoice = None, seen: str = "") -> Response:
    """The dashboard's parts as they move; it ends when the dashboard closes."""
    admit_key(request, key)
    try:
        await _shown(request, key, year)
    except (UnknownDashboard, DashboardClosed) as refusal:
        return _closed(request, refusal)

    async def parts() -> Mapping[str, str]:
        return (await _shown(request, key, year)).parts

    return moving(request, parts, seen)


@router.get("/observatoire/partenaire/{key}/{indicator_id}")
async def show_dashboard_facts(
    request: Request,
    key: str,
    indicator_id: str,
    year: YearChoice = None,
    counted: Choice = None,
    cursor: Cursor = None,
) -> Response:
    """The facts behind one of the dashboard's figures, within the same limits."""
    admit_key(request, key)
    try:
        shown = await _shown(request, key, year)
    except (UnknownDashboard, DashboardClosed) as refusal:
        return _closed(request, refusal)
    one = indicator(indicator_id)
    limits = scope_of(shown.dashboard, shown.view.year)
    if not limits.filters <= one.filters:
        raise UnknownDashboard(_("Ce chiffre ne peut pas être limité à ce que montre ce tableau de bord."))
    async with database(request).reading() as tx:
        figure = await figure_of(tx, one, limits)
        found = await opened(tx, one, limits, Page.after(cursor), counted=counted != "no")
    return render(
        request,
        "observatory/dashboard_facts.html",
        headers=PRIVATE,
        section="observatory",
        dashboard=shown.dashboard,
        key=key,
        one=one,
        figure=figure,
        year=shown.view.year,
        facts=found,
        counted=counted != "no",
        first_page=not cursor,
        limits=filters_said(limits),
        labels=_labels(one, found.items),
        demonstration=figure.fictional > 0,
    )


def _labels(one: Any, facts: Sequence[FactBehind]) -> dict[Any, str]:
    return {fact.id: label_of_fact(one, fact) for fact in facts}
