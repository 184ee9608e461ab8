"""The team's agenda: what is planned, how it fills, and the form of an event."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.events import commands, wording
from services.events.domain import Gathering, NotADraft
from services.events.forms import CreateGathering, GatheringsAsked, Nothing
from services.events.pages.rows import Rows, asks_for_rows, lay_out
from services.events.queries.gatherings import coming_gatherings, drafts, gathering_of, past_gatherings
from services.events.queries.known import known_groups
from services.events.queries.registrations import count_registrants, registrants_page
from shared.clock import in_paris, now
from shared.db import Answer, Database, Tx
from shared.errors import Refusal
from shared.reference import countries, themes
from shared.web.answers import once
from shared.web.forms import Form, read_form
from shared.web.i18n import language
from shared.web.pages import render, url
from shared.web.session import Session, team_session

router = APIRouter()
Team = Annotated[Session, Depends(team_session)]
TEAM_PAGE: dict[str, Any] = {"section": "team", "team_section": "gatherings", "words": wording}
SHOWN = 200


@router.get("/agenda/equipe")
async def planned(request: Request, session: Team) -> Response:
    """Drafts, what comes with its places, and what is just over."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        lists: dict[str, Any] = {
            "drafts": await drafts(tx),
            "coming": await coming_gatherings(tx, GatheringsAsked(limit=100), None),
            "past": await past_gatherings(tx, GatheringsAsked(period="past", limit=20), None),
        }
    return render(
        request,
        "events/team_list.html",
        demonstration=any(one.demonstration for found in lists.values() for one in found),
        **TEAM_PAGE,
        **lists,
    )


@router.get("/agenda/equipe/nouveau")
async def new_form(request: Request, session: Team) -> Response:
    """An empty form."""
    return await show_form(request, Form(), Rows(1, 0))


@router.post("/agenda/equipe/nouveau")
async def create(request: Request, session: Team) -> Response:
    """A draft, or one line more."""

    async def work(form: CreateGathering, tx: Tx) -> Gathering:
        return await commands.create_gathering(form, tx, session.by)

    return await _write(request, None, work)


@router.get("/agenda/equipe/{gathering_id}")
async def one_gathering(request: Request, gathering_id: UUID, session: Team) -> Response:
    """A draft's form, or who comes and what can be done."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        gathering = await gathering_of(tx, gathering_id)
        if gathering.status == "draft":
            form, rows = typed(gathering)
            return await show_form(request, form, rows, gathering)
        return await show_gathering(request, tx, gathering)


async def show_gathering(request: Request, tx: Tx, gathering: Gathering) -> Response:
    """The page of a public event in the team space."""
    return render(
        request,
        "events/team_gathering.html",
        gathering=gathering,
        registrants=(await registrants_page(tx, gathering.id, None, SHOWN))[:SHOWN],
        counts=await count_registrants(tx, gathering.id),
        past=gathering.is_past(now()),
        form=Form(),
        demonstration=gathering.demonstration,
        **TEAM_PAGE,
    )


@router.post("/agenda/equipe/{gathering_id}")
async def edit(request: Request, gathering_id: UUID, session: Team) -> Response:
    """A draft written again."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        gathering = await gathering_of(tx, gathering_id)
    if gathering.status != "draft":
        raise NotADraft()

    async def work(form: CreateGathering, tx: Tx) -> Gathering:
        return await commands.edit_draft(gathering_id, form, tx)

    return await _write(request, gathering, work)


async def _write(request: Request, gathering: Gathering | None, work: Any) -> Response:
    form = await read_form(request)
    more = asks_for_rows(form)
    rows = lay_out(form)
    asked = None if more else form.read(CreateGathering)
    if asked is None:
        return await show_form(request, form, rows, gathering, 200 if more else 422)

    async def answering(tx: Tx) -> Answer:
        made: Gathering = await work(asked, tx)
        return Answer(200, {"id": str(made.id)})

    try:
        answer = await once(request, asked, form.key, answering)
    except Refusal as refusal:
        if refusal.status not in (409, 422):
            raise
        return await show_form(request, form.refuse(refusal), rows, gathering, refusal.status)
    return RedirectResponse(url(f"/agenda/equipe/{answer.body['id']}"), status_code=303)


async def show_form(
    request: Request, form: Form, rows: Rows, gathering: Gathering | None = None, status: int = 200
) -> Response:
    """The form of an event, with as many lines as asked for."""
    db: Database = request.app.state.db
    lang = language.get()
    async with db.reading() as tx:
        groups = [(one.slug, one.name) for one in await known_groups(tx)]
    return render(
        request,
        "events/team_form.html",
        status=status,
        form=form,
        rows=rows,
        gathering=gathering,
        groups=groups,
        themes=[(one.code, one.label(lang)) for one in themes()],
        countries=[(one.iso2, one.label(lang)) for one in countries(lang)],
        **TEAM_PAGE,
    )


@router.post("/agenda/equipe/{gathering_id}/publication")
async def publish(request: Request, gathering_id: UUID, session: Team) -> Response:
    """Put the draft in the agenda."""
    key = (await read_form(request)).key

    async def work(tx: Tx) -> Answer:
        return Answer(200, {"status": (await commands.publish_gathering(gathering_id, tx)).status})

    try:
        await once(request, Nothing(), key, work)
    except Refusal as refusal:
        if refusal.status != 409:
            raise
        db: Database = request.app.state.db
        async with db.reading() as tx:
            gathering = await gathering_of(tx, gathering_id)
        form, rows = typed(gathering)
        return await show_form(request, form.refuse(refusal), rows, gathering, 409)
    return RedirectResponse(url(f"/agenda/equipe/{gathering_id}"), status_code=303)


@router.post("/agenda/equipe/{gathering_id}/suppression")
async def discard(request: Request, gathering_id: UUID, session: Team) -> Response:
    """Throw a draft away."""
    db: Database = request.app.state.db
    async with db.transaction() as tx:
        await commands.discard_draft(gathering_id, tx)
    return RedirectResponse(url("/agenda/equipe"), status_code=303)


def typed(gathering: Gathering) -> tuple[Form, Rows]:
    """A gathering as its form shows it, on the clock of Paris."""
    values: dict[str, str | list[str]] = {"themes": list(gathering.themes), "countries": list(gathering.countries)}
    for name in ("title", "kind", "mode", "place", "department", "online_url", "description", "capacity"):
        values[name] = str(getattr(gathering, name) or "")
    values["group"] = gathering.group_slug or ""
    for index, one in enumerate(gathering.sessions):
        values |= _slot(f"sessions-{index}", one.starts_at, one.ends_at) | {f"sessions-{index}-title": one.title or ""}
    for index, item in enumerate(gathering.programme):
        values |= _slot(f"programme-{index}", item.starts_at, item.ends_at)
        values |= {f"programme-{index}-activity": item.activity, f"programme-{index}-speaker": item.speaker or ""}
    return Form(values), Rows(max(1, len(gathering.sessions)), len(gathering.programme))


def _slot(name: str, start: Any, end: Any) -> dict[str, str | list[str]]:
    written = {f"{name}-starts_at": start, f"{name}-ends_at": end}
    return {key: f"{in_paris(moment):%Y-%m-%dT%H:%M}" if moment else "" for key, moment in written.items()}
