"""What the team does to a public event: move it, cancel it, count it, free a place."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.events import commands
from services.events.forms import CancelGathering, DeclareCount, Nothing, RelocateGathering
from services.events.links import Links
from services.events.pages.rows import Rows, asks_for_rows, lay_out
from services.events.pages.team import TEAM_PAGE, Team, typed
from services.events.queries.gatherings import gathering_of
from services.events.queries.registrations import count_registrants
from shared.db import Answer, Database, Tx
from shared.errors import Refusal
from shared.web.answers import once
from shared.web.forms import Form, read_form
from shared.web.pages import render, url

router = APIRouter()
Asked = TypeVar("Asked", bound=BaseModel)


async def _show(
    request: Request, gathering_id: UUID, template: str, form: Form | None, rows: Rows | None = None
) -> Response:
    db: Database = request.app.state.db
    async with db.reading() as tx:
        gathering = await gathering_of(tx, gathering_id)
        counts = await count_registrants(tx, gathering_id)
    filled, lines = typed(gathering)
    if gathering.undecided:
        filled.values = {name: value for name, value in filled.values.items() if not name.startswith("sessions-")}
        lines = Rows(1, 0)
    status = 422 if form is not None and form.errors else 200
    return render(
        request,
        template,
        status=status,
        form=form if form is not None else filled,
        rows=rows or lines,
        gathering=gathering,
        counts=counts,
        demonstration=gathering.demonstration,
        **TEAM_PAGE,
    )


async def _act(
    request: Request,
    gathering_id: UUID,
    template: str,
    shape: type[Asked],
    work: Callable[[Asked, Tx], Awaitable[object]],
) -> Response:
    form = await read_form(request)
    if asks_for_rows(form):
        rows = lay_out(form)
        return await _show(request, gathering_id, template, form, rows)
    rows = lay_out(form)
    asked = form.read(shape)
    if asked is None:
        return await _show(request, gathering_id, template, form, rows)

    async def answering(tx: Tx) -> Answer:
        await work(asked, tx)
        return Answer(200, {})

    try:
        await once(request, asked, form.key, answering)
    except Refusal as refusal:
        if refusal.status not in (409, 422):
            raise
        return await _show(request, gathering_id, template, form.refuse(refusal), rows)
    return RedirectResponse(url(f"/agenda/equipe/{gathering_id}"), status_code=303)


@router.get("/agenda/equipe/{gathering_id}/deplacement")
async def relocation_form(request: Request, gathering_id: UUID, session: Team) -> Response:
    """Where, how and when, as they are."""
    return await _show(request, gathering_id, "events/team_relocation.html", None)


@router.post("/agenda/equipe/{gathering_id}/deplacement")
async def relocate(request: Request, gathering_id: UUID, session: Team) -> Response:
    """Everyone registered is told."""
    links = Links.of(request)

    async def work(form: RelocateGathering, tx: Tx) -> object:
        return await commands.relocate_gathering(gathering_id, form, tx, links)

    return await _act(request, gathering_id, "events/team_relocation.html", RelocateGathering, work)


@router.get("/agenda/equipe/{gathering_id}/annulation")
async def cancellation_form(request: Request, gathering_id: UUID, session: Team) -> Response:
    """Why it will not take place."""
    return await _show(request, gathering_id, "events/team_cancellation.html", Form())


@router.post("/agenda/equipe/{gathering_id}/annulation")
async def cancel(request: Request, gathering_id: UUID, session: Team) -> Response:
    """Everyone registered is told."""
    links = Links.of(request)

    async def work(form: CancelGathering, tx: Tx) -> object:
        return await commands.cancel_gathering(gathering_id, form, tx, links)

    return await _act(request, gathering_id, "events/team_cancellation.html", CancelGathering, work)


@router.get("/agenda/equipe/{gathering_id}/effectif")
async def count_form(request: Request, gathering_id: UUID, session: Team) -> Response:
    """How many came, as someone counted."""
    return await _show(request, gathering_id, "events/team_count.html", Form())


@router.post("/agenda/equipe/{gathering_id}/effectif")
async def declare_count(request: Request, gathering_id: UUID, session: Team) -> Response:
    """Keep the count with its precision."""

    async def work(form: DeclareCount, tx: Tx) -> object:
        return await commands.declare_count(gathering_id, form, tx)

    return await _act(request, gathering_id, "events/team_count.html", DeclareCount, work)


@router.post("/agenda/equipe/{gathering_id}/inscriptions/{registration_id}/annulation")
async def cancel_registration(request: Request, gathering_id: UUID, registration_id: UUID, session: Team) -> Response:
    """Free a place: the first who waits has it."""
    links = Links.of(request)
    key = (await read_form(request)).key

    async def work(tx: Tx) -> Answer:
        return Answer(200, {"status": (await commands.cancel_registration(registration_id, tx, links)).status})

    await once(request, Nothing(), key, work)
    return RedirectResponse(url(f"/agenda/equipe/{gathering_id}"), status_code=303)
