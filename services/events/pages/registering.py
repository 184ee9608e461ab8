"""Registering without an account, and the signed page where a registrant sees or cancels."""

import functools
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.events import commands, wording
from services.events.commands.telling import calendar_of, mode_of
from services.events.domain import Gathering, refuse_closed
from services.events.forms import Nothing, RegisterPerson
from services.events.links import RESULT, Links
from services.events.pages.calendars import calendar_answer
from services.events.queries.gatherings import gathering_of, public_gathering
from services.events.queries.known import organisation_names
from services.events.queries.registrations import own_registration, rank_of
from services.events.registering import register_once
from shared.clock import now
from shared.db import Answer, Database, Tx
from shared.errors import LinkExpired, Refusal
from shared.reference import countries, departments, departments_of_region, fold
from shared.web.admission import admit
from shared.web.answers import once
from shared.web.forms import Form, read_form
from shared.web.i18n import _
from shared.web.pages import render, url
from shared.web.session import DAY

router = APIRouter()
NAMES_IN_A_PAGE = 150


@router.get("/agenda/inscription/{token}")
async def my_registration(request: Request, token: str) -> Response:
    """What a registrant holds, and one button to give it back."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        registrant = await own_registration(tx, Links.of(request).registration_of(token))
        gathering = await gathering_of(tx, registrant.gathering_id)
        rank = await rank_of(tx, registrant)
    return render(
        request,
        "events/my_registration.html",
        section="agenda",
        headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
        gathering=gathering,
        registrant=registrant,
        rank=rank,
        mode=mode_of(gathering, registrant),
        cancellable=registrant.status != "cancelled" and not gathering.is_past(now()),
        words=wording,
        token=token,
        form=Form(),
        demonstration=gathering.demonstration,
    )


@router.post("/agenda/inscription/{token}")
async def cancel_my_registration(request: Request, token: str) -> Response:
    """The button was pressed: the place goes to the first who waits."""
    links = Links.of(request)
    registration_id = links.registration_of(token)

    async def work(tx: Tx) -> Answer:
        await own_registration(tx, registration_id)
        gone = await commands.cancel_registration(registration_id, tx, links)
        return Answer(200, {"status": gone.status})

    form = await read_form(request)
    await once(request, Nothing(), form.key, work)
    return RedirectResponse(url(f"/agenda/inscription/{token}"), status_code=303)


@router.get("/agenda/inscription/{token}/calendrier.ics")
async def my_calendar(request: Request, token: str) -> Response:
    """The registrant's own calendar entry."""
    links = Links.of(request)
    db: Database = request.app.state.db
    async with db.reading() as tx:
        registrant = await own_registration(tx, links.registration_of(token))
        gathering = await gathering_of(tx, registrant.gathering_id)
    return calendar_answer(calendar_of(links, gathering, registrant), gathering.slug)


@router.get("/agenda/{slug}/inscription")
async def registration_form(request: Request, slug: str, suite: str | None = None) -> Response:
    """The form; with a signed result, what became of it."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        gathering = await public_gathering(tx, slug)
    if suite:
        return _result(request, gathering, suite)
    return await _show_form(request, gathering, Form())


def _result(request: Request, gathering: Gathering, suite: str) -> Response:
    word = Links.of(request).signer.read(RESULT, suite, DAY)
    if word.get("gathering") != str(gathering.id):
        raise LinkExpired()
    return render(
        request,
        "events/registered.html",
        section="agenda",
        gathering=gathering,
        status_told=word.get("status"),
        rank=word.get("rank"),
        words=wording,
        demonstration=gathering.demonstration,
    )


@router.post("/agenda/{slug}/inscription")
async def register(request: Request, slug: str) -> Response:
    """The form was sent."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        gathering = await public_gathering(tx, slug)
    form = await read_form(request)
    asked = _read(form)
    if asked is None:
        return await _show_form(request, gathering, form, 422)
    if form.value("site"):
        return RedirectResponse(url(f"/agenda/{slug}"), status_code=303)
    try:
        admit(request, form, asked.email)
        answer = await register_once(request, gathering.id, asked, form.key)
    except Refusal as refusal:
        if refusal.status not in (409, 422, 429):
            raise
        return await _show_form(request, gathering, form.refuse(refusal), refusal.status)
    told = Links.of(request).signer.issue(RESULT, {"gathering": str(gathering.id), **answer.body})
    return RedirectResponse(url(f"/agenda/{slug}/inscription", suite=told), status_code=303)


def _read(form: Form) -> RegisterPerson | None:
    """The form as its command; a country is typed by its name."""
    typed = form.value("country")
    code = _country_code(typed) if isinstance(typed, str) else None
    asked = Form({**form.values, "country": code or typed}, key=form.key)
    read = asked.read(RegisterPerson)
    form.errors = asked.errors
    if "country" in form.errors:
        form.errors["country"] = _("Ce pays n’est pas reconnu\u00a0: écrivez son nom en français, par exemple Sénégal.")
    return read


def _country_code(typed: str) -> str | None:
    return _country_codes().get(fold(typed))


@functools.cache
def _country_codes() -> dict[str, str]:
    return {fold(name): one.code for one in countries() for name in (one.name, one.name_en)}


async def _show_form(request: Request, gathering: Gathering, form: Form, status: int = 200) -> Response:
    closed: str | None = None
    try:
        refuse_closed(gathering, now())
    except Refusal as refusal:
        closed = refusal.sentence
    db: Database = request.app.state.db
    async with db.reading() as tx:
        names = await organisation_names(tx, NAMES_IN_A_PAGE)
    context: dict[str, Any] = {"gathering": gathering, "closed": closed, "names": names, "words": wording}
    return render(
        request,
        "events/registration.html",
        status=status,
        section="agenda",
        form=form,
        departments=_departments(Links.of(request).settings.region),
        demonstration=gathering.demonstration,
        **context,
    )


def _departments(region: str) -> list[tuple[str, str]]:
    """The region's departments first, then the others."""
    ours = departments_of_region(region)
    others = [one for one in departments() if one not in ours]
    return [(one.code, f"{one.name} ({one.code})") for one in (*sorted(ours, key=lambda d: fold(d.name)), *others)]
