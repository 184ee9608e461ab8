"""Asking for letters, and the letters that were sent."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.mailing import commands, wording
from services.mailing.domain import CALLS, GROUP, NEWSLETTER, TRAININGS, UnknownCampaign
from services.mailing.forms import AskSubscription
from services.mailing.letters.issue import frozen_issue
from services.mailing.letters.writing import blocks_of
from services.mailing.links import Links
from services.mailing.queries.campaigns import campaign_of, public_letters
from services.mailing.queries.subscribers import known_groups
from shared.db import Answer, Database, Tx
from shared.errors import Refusal
from shared.reference import departments, departments_of_region, fold
from shared.web.admission import admit
from shared.web.answers import once
from shared.web.forms import Form, read_form
from shared.web.pages import render, url

router = APIRouter()


@router.get("/lettres")
async def letters(request: Request) -> Response:
    """The form, and the archive."""
    form = Form({"topics": [NEWSLETTER]})
    return await _show(request, form)


@router.post("/lettres")
async def ask(request: Request) -> Response:
    """Somebody asked; the page says the same to all."""
    form = await read_form(request)
    asked = form.read(AskSubscription)
    if asked is None:
        return await _show(request, form, 422)
    if form.value("site"):
        return RedirectResponse(url("/lettres"), status_code=303)
    links = Links.of(request)

    async def work(tx: Tx) -> Answer:
        await commands.ask_subscription(asked, tx, links)
        return Answer(202, {"status": "confirmation_asked"})

    try:
        admit(request, form, asked.email)
        await once(request, asked, form.key, work)
    except Refusal as refusal:
        if refusal.status not in (409, 422, 429):
            raise
        return await _show(request, form.refuse(refusal), refusal.status)
    return RedirectResponse(url("/lettres/demande"), status_code=303)


@router.get("/lettres/demande")
async def asked_page(request: Request) -> Response:
    """Look into your mailbox."""
    return render(request, "mailing/asked.html", section="letters")


@router.get("/lettres/archives/{campaign_id}")
async def archived(request: Request, campaign_id: UUID) -> Response:
    """A newsletter that has left, as a page."""
    links = Links.of(request)
    db: Database = request.app.state.db
    async with db.reading() as tx:
        campaign = await campaign_of(tx, campaign_id)
        if campaign.kind != "newsletter" or campaign.started_at is None:
            raise UnknownCampaign()
        issue = await frozen_issue(tx, campaign_id)
    return render(
        request,
        "mailing/archived.html",
        section="letters",
        campaign=campaign,
        blocks=blocks_of(issue, None, links)[1:],
        demonstration=campaign.demonstration,
    )


async def _show(request: Request, form: Form, status: int = 200) -> Response:
    db: Database = request.app.state.db
    async with db.reading() as tx:
        groups = await known_groups(tx)
        archive = await public_letters(tx)
    return render(
        request,
        "mailing/letters.html",
        status=status,
        section="letters",
        form=form,
        topics=topic_options(groups),
        departments=department_options(Links.of(request).settings.region),
        archive=archive,
        demonstration=any(one.demonstration for one in archive),
    )


def topic_options(groups: list[tuple[str, str]], kept: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
    """The letters one may tick; those a reader already has stay in the list."""
    codes = [NEWSLETTER, TRAININGS, CALLS, *(f"{GROUP}{slug}" for slug, _name in groups)]
    codes += [code for code in kept if code not in codes]
    return [(code, wording.topic(code, dict(groups))) for code in codes]


def department_options(region: str) -> list[tuple[str, str]]:
    """The region's departments first, then the others."""
    ours = departments_of_region(region)
    others = [one for one in departments() if one not in ours]
    return [(one.code, f"{one.name} ({one.code})") for one in (*sorted(ours, key=lambda d: fold(d.name)), *others)]
