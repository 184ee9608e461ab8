"""Erasing one's data by a link, or for somebody by the team; and the receipt."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.registry import commands, wording
from services.registry.forms import AskErasure, ErasePerson
from services.registry.links import ERASURE, ERASURE_DAYS, RECEIPT, YEAR_SECONDS, Links
from services.registry.pages.asking import send_link
from services.registry.queries.erasures import SERVICES, held_of, latest_receipts, parts_of, receipt_of
from services.registry.shown import BY_PERSON
from shared.db import Answer, Database, Tx
from shared.errors import LinkExpired, Refusal
from shared.web.answers import once
from shared.web.forms import Form, read_form
from shared.web.i18n import language
from shared.web.pages import render, url
from shared.web.session import DAY, Session, team_session

router = APIRouter()
Team = Annotated[Session, Depends(team_session)]
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
PRIVACY = "/donnees-personnelles"
ERASURES = "/annuaire/equipe/effacements"
SHOWN = 20


@router.get(PRIVACY)
async def privacy(request: Request) -> Response:
    """What is kept about people, why and for how long; and how to have it erased."""
    return _privacy(request, Form())


@router.post(PRIVACY)
async def ask(request: Request) -> Response:
    """A link leaves by mail: the same answer for any address."""
    sent = url(PRIVACY, demande="1") + "#effacement"
    return await send_link(request, AskErasure, commands.ask_erasure, _privacy, sent)


def _privacy(request: Request, form: Form, status: int = 200) -> Response:
    asked = "demande" in request.query_params
    settings = request.app.state.settings
    return render(request, "registry/privacy.html", status=status, settings=settings, form=form, asked=asked)


@router.get(PRIVACY + "/effacement/{token}")
async def button(request: Request, token: str) -> Response:
    """What will go, and one button: opening the link acts on nothing."""
    return _button(request, _word(request, token))


@router.post(PRIVACY + "/effacement/{token}")
async def erase(request: Request, token: str) -> Response:
    """The button was pressed; a second time leads to the same receipt."""
    word, links = _word(request, token), Links.of(request)
    db: Database = request.app.state.db
    async with db.transaction() as tx:
        erasure_id = await commands.request_erasure(
            ErasePerson.model_construct(email=word["email"]), tx, links, BY_PERSON, erasure_id=UUID(word["id"])
        )
    address = links.receipt(erasure_id).removeprefix(links.settings.public_url)
    return RedirectResponse(url(address), 303)


def _word(request: Request, token: str) -> dict[str, Any]:
    return dict(request.app.state.signer.read(ERASURE, token, ERASURE_DAYS * DAY))


def _button(request: Request, word: dict[str, Any]) -> Response:
    return render(
        request, "registry/erasure_button.html", headers=PRIVATE, email=word["email"], words=wording, form=Form()
    )


@router.get(PRIVACY + "/recu/{token}")
async def receipt(request: Request, token: str) -> Response:
    """Where each service stands; nobody is named."""
    word = request.app.state.signer.read(RECEIPT, token, YEAR_SECONDS)
    try:
        erasure_id = UUID(str(word["id"]))
    except (KeyError, ValueError):
        raise LinkExpired() from None
    return await _receipt(request, erasure_id, "registry/erasure_receipt.html")


@router.get(ERASURES)
async def erasures(request: Request, session: Team) -> Response:
    """Ask for somebody, and the last receipts."""
    return await _team(request, Form())


@router.post(ERASURES)
async def preview(request: Request, session: Team) -> Response:
    """What will go, before anything does."""
    form = await read_form(request)
    asked = form.read(ErasePerson)
    if asked is None:
        return await _team(request, form, 422)
    db: Database = request.app.state.db
    links = Links.of(request)
    async with db.reading() as tx:
        held = await held_of(tx, links.person_key(asked.email))
        role = await commands.role_of(asked.email, tx, links)
    return render(
        request,
        "registry/team_erasure_confirmation.html",
        headers=PRIVATE,
        section="team",
        team_section="requests",
        email=asked.email,
        held=held,
        role=role,
        form=Form(),
        words=wording,
    )


@router.post(ERASURES + "/confirmation")
async def confirm(request: Request, session: Team) -> Response:
    """The team confirmed."""
    form = await read_form(request)
    asked = form.read(ErasePerson)
    if asked is None:
        return await _team(request, form, 422)

    async def work(tx: Tx) -> Answer:
        made = await commands.request_erasure(asked, tx, Links.of(request), session.by, session.role)
        return Answer(200, {"id": str(made)})

    try:
        answer = await once(request, asked, form.key, work)
    except Refusal as refusal:
        return await _team(request, form.refuse(refusal), refusal.status)
    return RedirectResponse(url(f"{ERASURES}/{answer.body['id']}"), 303)


@router.get(ERASURES + "/{erasure_id}")
async def team_receipt(request: Request, session: Team, erasure_id: UUID) -> Response:
    """The receipt, for the team."""
    return await _receipt(request, erasure_id, "registry/team_erasure_receipt.html", section="team")


async def _team(request: Request, form: Form, status: int = 200) -> Response:
    db: Database = request.app.state.db
    async with db.reading() as tx:
        rows = await latest_receipts(tx, SHOWN)
    return render(
        request,
        "registry/team_erasures.html",
        status=status,
        section="team",
        team_section="requests",
        rows=rows,
        services=len(SERVICES),
        form=form,
        words=wording,
    )


async def _receipt(request: Request, erasure_id: UUID, template: str, section: str = "") -> Response:
    db: Database = request.app.state.db
    async with db.reading() as tx:
        row = await receipt_of(tx, erasure_id)
        parts = await parts_of(tx, erasure_id)
    return render(
        request,
        template,
        headers=PRIVATE,
        section=section,
        team_section="requests",
        row=row,
        parts=[(name, parts.get(name)) for name in SERVICES],
        complete=row["purged_at"] is not None,
        words=wording,
        lang=language.get(),
    )
