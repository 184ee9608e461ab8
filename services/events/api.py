"""The JSON API: `/api/events/v1`."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse

from services.events import commands
from services.events.agenda import agenda_page
from services.events.domain import Gathering, UnknownGathering
from services.events.forms import (
    CancelGathering,
    CreateGathering,
    DeclareCount,
    GatheringsAsked,
    Nothing,
    RegisterPerson,
    RelocateGathering,
)
from services.events.links import Links
from services.events.queries.gatherings import gathering_of
from services.events.queries.known import group_names
from services.events.queries.registrations import count_registrants, registrants_page
from services.events.registering import register_once
from services.events.shown import gathering_shown, registrant_shown
from shared.db import Answer, Database, Tx
from shared.errors import Invalid
from shared.web.answers import once
from shared.web.session import Session, team_session

router = APIRouter(
    prefix="/api/events/v1",
    tags=["gatherings"],
)
Team = Annotated[Session, Depends(team_session)]
Limit = Annotated[int, Query(ge=1, le=200)]


def shown_state(gathering: Gathering) -> dict[str, Any]:
    """What a change of state answers."""
    return {"id": str(gathering.id), "slug": gathering.slug, "status": gathering.status}


async def _change(
    request: Request, form: BaseModel, status: int, work: Callable[[Tx], Awaitable[Gathering]]
) -> JSONResponse:
    async def answering(tx: Tx) -> Answer:
        return Answer(status, shown_state(await work(tx)))

    answer = await once(request, form, None, answering)
    return JSONResponse(answer.body, answer.status)


@router.get("/gatherings")
async def list_gatherings(request: Request, asked: Annotated[GatheringsAsked, Query()]) -> dict[str, Any]:
    """The agenda: what comes, the nearest first, or what is past, the latest first."""
    db: Database = request.app.state.db
    links = Links.of(request)
    async with db.reading() as tx:
        page = await agenda_page(tx, asked)
        groups = await group_names(tx)
    items = [gathering_shown(one, links, groups) for one in page.items]
    facets: dict[str, list[dict[str, Any]]] = {}
    for choice in page.choices:
        facets.setdefault(choice.name, []).append({"value": choice.value, "count": choice.count})
    found = {"items": items, "total": page.total, "facets": facets} | ({"next": page.next} if page.next else {})
    encoded: dict[str, Any] = jsonable_encoder(found)
    return encoded


@router.post("/gatherings", status_code=201)
async def create_gathering(request: Request, form: CreateGathering, session: Team) -> JSONResponse:
    """Write a draft."""
    return await _change(request, form, 201, lambda tx: commands.create_gathering(form, tx, session.by))


@router.get("/gatherings/{gathering_id}")
async def read_gathering(request: Request, gathering_id: UUID) -> dict[str, Any]:
    """One gathering; a draft is the team's alone."""
    db: Database = request.app.state.db
    session: Session | None = request.state.session
    team = session is not None and session.is_team
    async with db.reading() as tx:
        gathering = await gathering_of(tx, gathering_id)
        groups = await group_names(tx)
    if gathering.status == "draft" and not team:
        raise UnknownGathering()
    encoded: dict[str, Any] = jsonable_encoder(gathering_shown(gathering, Links.of(request), groups, team))
    return encoded


@router.put("/gatherings/{gathering_id}")
async def edit_gathering(request: Request, gathering_id: UUID, form: CreateGathering, session: Team) -> JSONResponse:
    """Write a draft again."""
    return await _change(request, form, 200, lambda tx: commands.edit_draft(gathering_id, form, tx))


@router.post("/gatherings/{gathering_id}/publication")
async def publish_gathering(request: Request, gathering_id: UUID, session: Team) -> JSONResponse:
    """Put a draft in the agenda."""
    return await _change(request, Nothing(), 200, lambda tx: commands.publish_gathering(gathering_id, tx))


@router.post("/gatherings/{gathering_id}/relocation")
async def relocate_gathering(
    request: Request, gathering_id: UUID, form: RelocateGathering, session: Team
) -> JSONResponse:
    """Change place, mode or dates; everyone registered is told."""
    links = Links.of(request)
    return await _change(request, form, 200, lambda tx: commands.relocate_gathering(gathering_id, form, tx, links))


@router.post("/gatherings/{gathering_id}/cancellation")
async def cancel_gathering(
    request: Request, gathering_id: UUID, session: Team, form: CancelGathering | None = None
) -> JSONResponse:
    """It will not take place; everyone registered is told."""
    links, why = Links.of(request), form or CancelGathering()
    return await _change(request, why, 200, lambda tx: commands.cancel_gathering(gathering_id, why, tx, links))


@router.post("/gatherings/{gathering_id}/declared-counts")
async def declare_count(request: Request, gathering_id: UUID, form: DeclareCount, session: Team) -> JSONResponse:
    """Enter a head count without names."""
    return await _change(request, form, 200, lambda tx: commands.declare_count(gathering_id, form, tx))


@router.post("/gatherings/{gathering_id}/registrations", status_code=201)
async def register(request: Request, gathering_id: UUID, form: RegisterPerson) -> JSONResponse:
    """Take a place, or a rank in the waiting list; a mail follows."""
    answer = await register_once(request, gathering_id, form, None)
    return JSONResponse(answer.body, answer.status)


@router.get("/gatherings/{gathering_id}/registrations")
async def list_registrations(
    request: Request, gathering_id: UUID, session: Team, cursor: str | None = None, limit: Limit = 100
) -> dict[str, Any]:
    """Who is registered, in the order they came."""
    db: Database = request.app.state.db
    try:
        after = UUID(cursor) if cursor else None
    except ValueError:
        raise Invalid({"cursor": "Reprenez la liste depuis son début."}) from None
    async with db.reading() as tx:
        await gathering_of(tx, gathering_id)
        rows = await registrants_page(tx, gathering_id, after, limit)
        counts = await count_registrants(tx, gathering_id)
    items = [registrant_shown(registrant, rank) for registrant, rank in rows[:limit]]
    following = {"next": str(items[-1]["id"])} if len(rows) > limit else {}
    encoded: dict[str, Any] = jsonable_encoder({"items": items, "total": sum(counts.values()), "counts": counts})
    return encoded | following


@router.post("/registrations/{registration_id}/cancellation")
async def cancel_registration(request: Request, registration_id: UUID, session: Team) -> JSONResponse:
    """Give a registration's place to the first who waits."""
    links = Links.of(request)

    async def work(tx: Tx) -> Answer:
        gone = await commands.cancel_registration(registration_id, tx, links)
        return Answer(200, {"id": str(gone.id), "status": gone.status})

    answer = await once(request, Nothing(), None, work)
    return JSONResponse(answer.body, answer.status)
