"""The observatory's JSON API: figures that open, published figures, partners' dashboards."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from services.observatory.commands import create_dashboard, revoke_dashboard
from services.observatory.domain import FIRST_YEAR, LAST_YEAR, FactBehind, Figure, Page, Scope, Share
from services.observatory.forms import CreateDashboard, RevokeDashboard
from services.observatory.indicators import INDICATORS, Indicator, indicator
from services.observatory.keys import key_from, new_seed
from services.observatory.live import Live
from services.observatory.queries.dashboards import dashboards
from services.observatory.queries.figures import Asked, counts, dimension, figure_from, figure_of, opened
from services.observatory.queries.published import comparison, published_figure, published_figures
from shared.db import Answer, Database, Tx
from shared.web.answers import once
from shared.web.i18n import _
from shared.web.kept import Written, for_all
from shared.web.session import Session, team_session

router = APIRouter(prefix="/api/observatory/v1", tags=["observatory"])

Year = Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR, description="no year: all time")]
By = Annotated[str | None, Query(max_length=40, description="college, department, month, sdg or country")]
Cursor = Annotated[str | None, Query(max_length=80)]
Limit = Annotated[int, Query(ge=1, le=200)]
Team = Annotated[Session, Depends(team_session)]


def _db(request: Request) -> Database:
    db: Database = request.app.state.db
    return db


def said(request: Request, body: dict[str, Any]) -> Response:
    """The answer with its ETag, or 304 to whoever has it already."""
    return Written(JSONResponse(body)).to(request)


async def kept(request: Request, reading: Callable[[Tx], Coroutine[Any, Any, dict[str, Any]]]) -> Response:
    """What `reading` finds at this address, written once for all its readers until the figures move."""
    live: Live = request.app.state.live

    async def compute() -> Response:
        async with _db(request).reading() as tx:
            return JSONResponse(await reading(tx))

    return await for_all(request, live.remember, compute)


def figure_body(one: Indicator, figure: Figure, scope: Scope, by: str | None) -> dict[str, Any]:
    """A figure with its definition, its day and its n."""
    body: dict[str, Any] = {
        "id": one.id,
        "name": _(one.name),
        "value": figure.value,
        "n": figure.n,
        "unit": _(one.unit[1]),
        "definition": _(one.definition),
        "as_of": figure.as_of.isoformat(),
        "year": scope.year,
        "source": _(one.source),
        "coverage": _(one.coverage),
        "version": one.version,
        "dimensions": list(one.dimensions),
        "demonstration": figure.fictional,
        "made_of": [_share(share) for share in figure.made_of],
        "apart": [_share(share) for share in figure.apart],
    }
    if by is not None and figure.by is not None:
        body["by"] = [{"key": line.key, "label": line.label, "value": line.value} for line in figure.by]
    return body


def _share(share: Share) -> dict[str, Any]:
    return {"key": share.code, "label": share.sentence, "value": share.value, "n": share.n}


def fact_body(fact: FactBehind, base: str) -> dict[str, Any]:
    """A fact behind a figure."""
    return {
        "id": str(fact.id),
        "label": fact.label,
        "url": f"{base}{fact.path}" if fact.path else None,
        "occurred_on": fact.day.isoformat(),
        "department": fact.department,
        "value": fact.value,
        "note": fact.note,
        "counted": fact.why is None,
        "why": fact.why,
        "demonstration": fact.fictional,
    }


@router.get("/indicators")
async def list_indicators(request: Request, year: Year = None) -> Response:
    """Every indicator with its figure."""
    scope = Scope(year)

    async def reading(tx: Tx) -> dict[str, Any]:
        told = await counts(tx, [Asked(one, scope) for one in INDICATORS.values()])
        found = zip(INDICATORS.values(), told, strict=True)
        items = [figure_body(one, figure_from(one, rows), scope, None) for one, rows in found]
        return {"items": items, "total": len(items)}

    return await kept(request, reading)


@router.get("/indicators/{indicator_id}")
async def read_indicator(request: Request, indicator_id: str, by: By = None, year: Year = None) -> Response:
    """One figure, cut as asked: `{"id", "value", "n", "unit", "definition", "as_of", "by"?}`."""
    one, scope = indicator(indicator_id), Scope(year)
    cut = dimension(one, by)

    async def reading(tx: Tx) -> dict[str, Any]:
        return figure_body(one, await figure_of(tx, one, scope, cut), scope, by)

    return await kept(request, reading)


@router.get("/indicators/{indicator_id}/facts")
async def read_facts(
    request: Request,
    indicator_id: str,
    year: Year = None,
    counted: bool = True,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """The facts behind a figure, or with `counted=false` those that are not counted and why; nobody is named."""
    one, scope = indicator(indicator_id), Scope(year)
    session: Session | None = request.state.session
    page = Page.after(cursor, limit)
    async with _db(request).reading() as tx:
        found = await opened(tx, one, scope, page, counted=counted, team=session is not None and session.is_team)
        figure = await figure_of(tx, one, scope)
    base = request.app.state.settings.public_url
    total = figure.n if counted else sum(share.n for share in figure.apart)
    body = {"items": [fact_body(fact, base) for fact in found.items], "total": total, "value": figure.value}
    return said(request, body | ({"next": found.next} if found.next else {}))


@router.get("/figures")
async def list_figures(request: Request, year: Year = None) -> Response:
    """The figures that documents printed."""
    async with _db(request).reading() as tx:
        rows = await published_figures(tx, None, year)
    return said(request, {"items": [dict(row) for row in rows], "total": len(rows)})


@router.get("/figures/{figure_id}")
async def read_figure(request: Request, figure_id: str) -> Response:
    """A published figure with its parts, beside what our own facts give."""
    async with _db(request).reading() as tx:
        figure = await published_figure(tx, figure_id)
        beside = await comparison(tx, figure)
    parts = [
        {
            "label": part.label,
            "value": part.value,
            "occurred_on": part.occurred_on.isoformat() if part.occurred_on else None,
            "url": f"{request.app.state.settings.public_url}{part.path}" if part.path else None,
            "ours": part.ours,
            "precision": part.precision,
            "what": part.what,
        }
        for part in beside.parts
    ]
    steps = [{"label": why, "value": by} for why, by in beside.steps]
    return said(request, dict(figure) | {"parts": parts, "ours": beside.ours, "differences": steps})


@router.get("/dashboards")
async def list_dashboards(request: Request, session: Team) -> dict[str, Any]:
    """Partners' dashboards, without their keys."""
    async with _db(request).reading() as tx:
        rows = await dashboards(tx)
    items = [{("id" if name == "dashboard_id" else name): value for name, value in row.items()} for row in rows]
    return {"items": items, "total": len(items)}


@router.post("/dashboards", status_code=201)
async def post_dashboard(request: Request, form: CreateDashboard, session: Team) -> JSONResponse:
    """Create a dashboard; its key is in this answer alone."""

    async def work(tx: Tx) -> Answer:
        seed = new_seed()
        made = await create_dashboard(form, key_from(request.app.state.settings.secret, seed), session.by, tx)
        return Answer(201, {"id": str(made), "seed": seed, "expires_on": form.expires_on.isoformat()})

    answer = await once(request, form, None, work)
    key = key_from(request.app.state.settings.secret, answer.body["seed"])
    address = f"{request.app.state.settings.public_url}/observatoire/partenaire/{key}"
    body = {"id": answer.body["id"], "key": key, "url": address, "expires_on": answer.body["expires_on"]}
    return JSONResponse(body, answer.status, headers={"Cache-Control": "no-store"})


@router.post("/dashboards/{dashboard_id}/revocation")
async def post_revocation(request: Request, dashboard_id: UUID, session: Team) -> dict[str, Any]:
    """Close a dashboard now; closing it again is harmless."""

    async def work(tx: Tx) -> Answer:
        await revoke_dashboard(dashboard_id, tx)
        return Answer(200, {"id": str(dashboard_id), "status": "revoked"})

    return (await once(request, RevokeDashboard(), None, work)).body
