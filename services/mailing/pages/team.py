"""The team's letters: what is being written, what waits, what leaves, what has left."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.mailing import commands, wording
from services.mailing.domain import NothingNew
from services.mailing.forms import DraftCampaign, Nothing
from services.mailing.links import Links
from services.mailing.pages.public import department_options, topic_options
from services.mailing.queries.campaigns import campaigns_page, progress_of
from services.mailing.queries.pause import pause_of
from services.mailing.queries.subscribers import count_subscribers, known_groups, total_subscribers
from shared.db import Answer, Database, Tx
from shared.errors import Refusal
from shared.web.answers import once
from shared.web.forms import Form, read_form
from shared.web.pages import render, url
from shared.web.session import Session, team_session

router = APIRouter()
Team = Annotated[Session, Depends(team_session)]
TEAM_PAGE: dict[str, Any] = {"section": "team", "team_section": "letters", "words": wording}
SHOWN = 60


@router.get("/lettres/equipe")
async def all_letters(request: Request, session: Team) -> Response:
    """Drafts first, then what is under way, then what has left."""
    return await show_list(request)


async def show_list(request: Request, status: int = 200, refusal: str | None = None) -> Response:
    """The list, with what was refused above it."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        campaigns = await campaigns_page(tx, None, SHOWN)
        counts = await count_subscribers(tx)
        readers = await total_subscribers(tx)
        groups = dict(await known_groups(tx))
        pause = await pause_of(tx)
        moving = {one.id: await progress_of(tx, one.id) for one in campaigns if one.status == "sending"}
    by_topic: dict[str, int] = {}
    for topic, _department, n in counts:
        by_topic[topic] = by_topic.get(topic, 0) + n
    return render(
        request,
        "mailing/team_list.html",
        status=status,
        refusal=refusal,
        pause=pause,
        drafts=[one for one in campaigns if one.status == "draft"],
        waiting=[one for one in campaigns if one.status in ("approved", "sending")],
        sent=[one for one in campaigns if one.status == "sent"],
        moving=moving,
        readers=readers,
        by_topic=by_topic,
        groups=groups,
        form=Form(),
        demonstration=any(one.demonstration for one in campaigns),
        **TEAM_PAGE,
    )


@router.post("/lettres/equipe")
async def draft_newsletter(request: Request, session: Team) -> Response:
    """The button « Préparer la lettre »."""
    demonstrations = Links.of(request).settings.smtp_is_mailbox
    form = await read_form(request)

    async def work(tx: Tx) -> Answer:
        return Answer(201, {"id": str((await commands.draft_newsletter(tx, session.by, demonstrations)).id)})

    try:
        answer = await once(request, Nothing(), form.key, work)
    except NothingNew as refusal:
        return await show_list(request, 409, refusal.sentence)
    return RedirectResponse(url(f"/lettres/equipe/{answer.body['id']}"), status_code=303)


@router.get("/lettres/equipe/ciblee")
async def targeted_form(request: Request, session: Team) -> Response:
    """An empty form."""
    return await _show_targeted(request, Form())


@router.post("/lettres/equipe/ciblee")
async def draft_targeted(request: Request, session: Team) -> Response:
    """A letter of the team's own, as a draft."""
    form = await read_form(request)
    form.values["kind"] = "targeted"
    asked = form.read(DraftCampaign)
    if asked is None:
        return await _show_targeted(request, form, 422)

    async def work(tx: Tx) -> Answer:
        return Answer(201, {"id": str((await commands.draft_targeted(asked, tx, session.by)).id)})

    try:
        answer = await once(request, asked, form.key, work)
    except Refusal as refusal:
        if refusal.status not in (409, 422):
            raise
        return await _show_targeted(request, form.refuse(refusal), refusal.status)
    return RedirectResponse(url(f"/lettres/equipe/{UUID(answer.body['id'])}"), status_code=303)


async def _show_targeted(request: Request, form: Form, status: int = 200) -> Response:
    db: Database = request.app.state.db
    async with db.reading() as tx:
        groups = await known_groups(tx)
    return render(
        request,
        "mailing/team_targeted.html",
        status=status,
        form=form,
        topics=topic_options(groups),
        departments=department_options(Links.of(request).settings.region),
        **TEAM_PAGE,
    )
