"""Where is my request: the page its link opens, the answer to what was asked, the confirmation of the address."""

from datetime import date

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.registry import commands, wording
from services.registry.forms import AnswerRequest, AskLink
from services.registry.links import CONFIRM, FOLLOW, Links
from services.registry.pages.asking import send_link
from services.registry.queries.requests import organisation_slug, own_request, steps_of
from shared.db import Answer, Database, Row, Tx
from shared.errors import Refusal
from shared.web.answers import once
from shared.web.forms import Form, read_form
from shared.web.i18n import _
from shared.web.pages import render, url

router = APIRouter()


@router.get("/annuaire/demande")
async def lost(request: Request) -> Response:
    """Whoever lost their link asks for it again."""
    return _lost(request, Form())


@router.post("/annuaire/demande")
async def send_again(request: Request) -> Response:
    """The same answer for any address."""
    return await send_link(request, AskLink, commands.send_link_again, _lost, url("/annuaire/demande", envoyee="1"))


@router.get("/annuaire/demande/{token}")
async def follow(request: Request, token: str) -> Response:
    """The state of a request, told to whoever has its link."""
    return await _show(request, token, Form())


@router.post("/annuaire/demande/{token}")
async def answer(request: Request, token: str) -> Response:
    """The contact answers what was asked."""
    request_id = Links.of(request).request_of(FOLLOW, token)
    form = await read_form(request)
    asked = form.read(AnswerRequest)
    if asked is None:
        return await _show(request, token, form, 422)

    async def work(tx: Tx) -> Answer:
        await commands.answer_request(request_id, asked, tx)
        return Answer(200, {})

    try:
        await once(request, asked, form.key, work)
    except Refusal as refusal:
        return await _show(request, token, form.refuse(refusal), refusal.status)
    return RedirectResponse(url(f"/annuaire/demande/{token}"), 303)


@router.get("/annuaire/confirmation/{token}")
async def ask_confirmation(request: Request, token: str) -> Response:
    """One button: scanners follow links, people press buttons."""
    request_id = Links.of(request).request_of(CONFIRM, token)
    db: Database = request.app.state.db
    async with db.reading() as tx:
        row = await own_request(tx, request_id)
    return render(
        request,
        "one_button.html",
        title=_("Confirmer votre adresse"),
        text=_("Vous avez demandé le référencement de «\u202f%(name)s\u202f».", name=row["name"]),
        button=_("Confirmer mon adresse"),
        section="listing",
    )


@router.post("/annuaire/confirmation/{token}")
async def confirm(request: Request, token: str) -> Response:
    """The address is confirmed; the ticked letters start."""
    links = Links.of(request)
    request_id = links.request_of(CONFIRM, token)
    db: Database = request.app.state.db
    async with db.transaction() as tx:
        await commands.confirm_contact(request_id, tx, links)
    return RedirectResponse(links.follow(request_id), 303)


async def _show(request: Request, token: str, form: Form, status: int = 200) -> Response:
    request_id = Links.of(request).request_of(FOLLOW, token)
    db: Database = request.app.state.db
    async with db.reading() as tx:
        row = await own_request(tx, request_id)
        slug = await organisation_slug(tx, row["organisation_id"]) if row["organisation_id"] else None
        steps = await steps_of(tx, request_id)
    return render(
        request,
        "registry/request_followed.html",
        status=status,
        section="listing",
        row=row,
        slug=slug,
        lines=lines_of(row, steps),
        form=form,
        sent="envoyee" in request.query_params,
        words=wording,
        demonstration=row["demonstration"],
    )


def lines_of(row: Row, steps: list[Row]) -> list[tuple[date, str, str | None]]:
    """Every dated step of a request, with its words."""
    lines: list[tuple[date, str, str | None]] = [(row["requested_on"], _("Demande reçue"), None)]
    return lines + [(step["happened_on"], wording.step(step["step"]), step["words"]) for step in steps]


def _lost(request: Request, form: Form, status: int = 200) -> Response:
    sent = "envoyee" in request.query_params
    return render(request, "registry/lost_link.html", status=status, section="listing", form=form, sent=sent)
