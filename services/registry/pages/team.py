"""The team's queue: requests by state, one request with what it may double, and what the team answers."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.registry import commands, wording
from services.registry.domain import WAITING
from services.registry.forms import AskInformation, PublishRequest, RefuseRequest
from services.registry.links import Links
from services.registry.pages import choices
from services.registry.pages.following import lines_of
from services.registry.queries.directory import organisations_of_the_team
from services.registry.queries.requests import (
    likely_doubles,
    organisation_slug,
    queue,
    queue_counts,
    request_of,
    steps_of,
)
from shared.db import Answer, Database, Tx
from shared.errors import Refusal
from shared.web.answers import once
from shared.web.forms import Form, read_form
from shared.web.pages import render, url
from shared.web.session import Session, team_session

router = APIRouter()
Team = Annotated[Session, Depends(team_session)]
Asked = TypeVar("Asked", bound=BaseModel)
QUEUE = "/annuaire/equipe"
STATES = (*WAITING, "published", "refused")
SHOWN = 100


@router.get(QUEUE)
async def waiting(request: Request, session: Team, etat: str = "") -> Response:
    """Requests that wait, oldest first; or those of one state."""
    state = etat if etat in STATES else ""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        rows = await queue(tx, state, None, SHOWN)
        counts = await queue_counts(tx)
    return render(
        request,
        "registry/team_queue.html",
        section="team",
        team_section="requests",
        rows=rows,
        counts=counts,
        waiting=sum(counts.get(one, 0) for one in WAITING),
        state=state,
        states=STATES,
        words=wording,
        demonstration=any(row["demonstration"] for row in rows),
    )


@router.get(QUEUE + "/structures")
async def structures(request: Request, session: Team, q: str = "", etat: str = "") -> Response:
    """Every organisation known, listed or not."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        rows = await organisations_of_the_team(tx, q[:200], etat, SHOWN)
    return render(
        request,
        "registry/team_structures.html",
        section="team",
        team_section="requests",
        rows=rows,
        q=q[:200],
        state=etat,
        shown=SHOWN,
        words=wording,
        demonstration=any(row["demonstration"] for row in rows),
    )


@router.post(QUEUE + "/structures/{organisation_id}/archive")
async def archive(request: Request, session: Team, organisation_id: UUID) -> Response:
    """Take a sheet out of the directory."""
    db: Database = request.app.state.db
    async with db.transaction() as tx:
        await commands.archive_organisation(organisation_id, tx)
    return RedirectResponse(url(QUEUE + "/structures"), 303)


@router.get(QUEUE + "/demandes/{request_id}")
async def one_request(request: Request, session: Team, request_id: UUID) -> Response:
    """All that was typed, what it may double, and what can be answered."""
    return await _show(request, request_id, Form())


@router.post(QUEUE + "/demandes/{request_id}/examen")
async def review(request: Request, session: Team, request_id: UUID) -> Response:
    """Somebody took it."""
    db: Database = request.app.state.db
    async with db.transaction() as tx:
        await commands.take_in_review(request_id, tx, session.by)
    return RedirectResponse(url(f"{QUEUE}/demandes/{request_id}"), 303)


@router.post(QUEUE + "/demandes/{request_id}/publication")
async def publish(request: Request, session: Team, request_id: UUID) -> Response:
    """Publish as a new sheet, or over a known one."""
    return await _decide(request, session, request_id, PublishRequest, commands.publish_request)


@router.post(QUEUE + "/demandes/{request_id}/refus")
async def refuse(request: Request, session: Team, request_id: UUID) -> Response:
    """Refuse, with its reason."""
    return await _decide(request, session, request_id, RefuseRequest, commands.refuse_request)


@router.post(QUEUE + "/demandes/{request_id}/precision")
async def ask_more(request: Request, session: Team, request_id: UUID) -> Response:
    """Ask for more."""
    return await _decide(request, session, request_id, AskInformation, commands.ask_information)


async def _decide(
    request: Request,
    session: Session,
    request_id: UUID,
    model: type[Asked],
    decide: Callable[[UUID, Asked, Tx, str, Links], Awaitable[object]],
) -> Response:
    form = await read_form(request)
    asked = form.read(model)
    if asked is None:
        return await _show(request, request_id, form, 422)

    async def work(tx: Tx) -> Answer:
        await decide(request_id, asked, tx, session.by, Links.of(request))
        return Answer(200, {})

    try:
        await once(request, asked, form.key, work)
    except Refusal as refusal:
        return await _show(request, request_id, form.refuse(refusal), refusal.status)
    return RedirectResponse(url(f"{QUEUE}/demandes/{request_id}"), 303)


async def _show(request: Request, request_id: UUID, form: Form, status: int = 200) -> Response:
    db: Database = request.app.state.db
    async with db.reading() as tx:
        row = await request_of(tx, request_id)
        doubles = await likely_doubles(tx, row)
        slug = await organisation_slug(tx, row["organisation_id"]) if row["organisation_id"] else None
        steps = await steps_of(tx, request_id)
    values: dict[str, Any] = {"college": row["college"]} | form.values
    form.values = values
    return render(
        request,
        "registry/team_request.html",
        status=status,
        section="team",
        team_section="requests",
        row=row,
        doubles=doubles,
        slug=slug,
        lines_of_request=lines_of(row, steps),
        form=form,
        open=row["status"] in WAITING,
        colleges=[one[:2] for one in choices.colleges()],
        words=wording,
        demonstration=row["demonstration"],
    )
