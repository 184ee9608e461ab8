"""The watch, for the team: items by hand."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.registry import commands, wording
from services.registry.forms import PageToRead, RecordWatchItem, WithdrawWatchItem
from services.registry.outbound import title_of
from services.registry.pages import choices
from services.registry.queries.watch import watch_items
from services.registry.shown import item_shown
from shared.clock import today
from shared.db import Answer, Database, Tx
from shared.errors import Refusal
from shared.reference import departments_of_region
from shared.web.answers import once
from shared.web.forms import Form, errors_by_field, read_form
from shared.web.i18n import _
from shared.web.pages import render, url
from shared.web.session import Session, team_session

router = APIRouter()
Team = Annotated[Session, Depends(team_session)]
SHOWN = 200
PROPOSE = "_propose"


@router.get("/annuaire/equipe/veille")
async def watch(request: Request, session: Team) -> Response:
    """What is in the watch, and the form that adds to it."""
    return await _show(request, Form())


@router.post("/annuaire/equipe/veille")
async def add(request: Request, session: Team) -> Response:
    """An item more; the same address twice is one item."""
    form = await read_form(request)
    if form.values.pop(PROPOSE, ""):
        return await _propose(request, form)
    asked = form.read(RecordWatchItem)
    if asked is None:
        return await _show(request, form, 422)

    async def work(tx: Tx) -> Answer:
        return Answer(201, item_shown(await commands.record_watch_item(asked, tx)))

    try:
        await once(request, asked, form.key, work)
    except Refusal as refusal:
        return await _show(request, form.refuse(refusal), refusal.status)
    return RedirectResponse(url("/annuaire/equipe/veille"), 303)


async def _propose(request: Request, form: Form) -> Response:
    """The form again, with the title that the page at its address gives itself; nothing is kept yet."""
    try:
        link = PageToRead.model_validate({"url": form.value("url") or None}).url
        form.values["title"] = await title_of(link, request.app.state.outbound)
    except ValidationError as error:
        form.errors = errors_by_field(error)
        return await _show(request, form, 422)
    except Refusal as refusal:
        return await _show(request, form.refuse(refusal), refusal.status)
    return await _show(request, form)


@router.post("/annuaire/equipe/veille/{item_id}/retrait")
async def withdraw(request: Request, session: Team, item_id: UUID) -> Response:
    """An item less."""

    async def work(tx: Tx) -> Answer:
        await commands.withdraw_watch_item(item_id, tx)
        return Answer(200, {})

    await once(request, WithdrawWatchItem(), None, work)
    return RedirectResponse(url("/annuaire/equipe/veille"), 303)


async def _show(request: Request, form: Form, status: int = 200) -> Response:
    db: Database = request.app.state.db
    async with db.reading() as tx:
        rows = await watch_items(tx, "", None, SHOWN)
    return render(
        request,
        "registry/team_watch.html",
        status=status,
        section="team",
        team_section="watch",
        rows=rows,
        form=form,
        words=wording,
        today=today(),
        classes=[(code, _(label)) for code, label in wording.WATCH_CLASSES.items()],
        themes=choices.themes(),
        countries=choices.countries(),
        departments=[(one.code, one.name) for one in departments_of_region(request.app.state.settings.region)],
        demonstration=any(row["demonstration"] for row in rows),
    )
