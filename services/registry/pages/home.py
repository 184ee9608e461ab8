"""The home page, and the pages the law asks for."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.registry import wording
from services.registry.queries.directory import newest_organisations
from services.registry.queries.groups import groups
from services.registry.queries.watch import watch_items
from services.registry.tally import Tally
from shared.clock import today
from shared.db import Database
from shared.web.pages import render

router = APIRouter()
LATEST = 5


@router.get("/")
async def home(request: Request) -> Response:
    """What the network does, who joined last, what to do next."""
    db: Database = request.app.state.db
    tally: Tally = request.app.state.tally
    async with db.reading() as tx:
        await tally.follow(tx)
        latest = await newest_organisations(tx, LATEST)
        items = await watch_items(tx, "published", today(), LATEST)
        known = await groups(tx)
    demonstration = any(row["demonstration"] for row in (*latest, *items))
    return render(
        request,
        "registry/home.html",
        latest=latest,
        items=items,
        count=tally.listed.bit_count(),
        groups=known,
        words=wording,
        demonstration=demonstration,
    )


@router.get("/mentions-legales")
async def legal(request: Request) -> Response:
    """Who publishes this site, and under which licence its software is."""
    return render(request, "registry/legal.html", settings=request.app.state.settings)


@router.get("/accessibilite")
async def accessibility(request: Request) -> Response:
    """The state of accessibility, and whom to tell."""
    return render(request, "registry/accessibility.html", settings=request.app.state.settings)


@router.get("/donnees-ouvertes")
async def open_data(request: Request) -> Response:
    """The reference data, with sources and licences, and the open API."""
    return render(request, "registry/open_data.html")
