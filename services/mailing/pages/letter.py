"""One letter in the team space: written, looked at, tried, approved, followed."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from services.mailing import commands, wording
from services.mailing.forms import ApproveCampaign, ChangeItem, Nothing, SendTest, WriteCampaign
from services.mailing.letters.checks import checks_of, specimen
from services.mailing.letters.issue import current_issue
from services.mailing.letters.writing import letter_mail, said
from services.mailing.links import Links
from services.mailing.mails.layout import as_html
from services.mailing.pages.public import department_options
from services.mailing.pages.team import TEAM_PAGE, Team
from services.mailing.queries.campaigns import Campaign, campaign_of, progress_of
from services.mailing.queries.items import items_of
from services.mailing.queries.subscribers import count_readers, known_groups, subscriber_by_key
from shared.clock import in_paris
from shared.db import Answer, Database, Tx
from shared.errors import Refusal
from shared.reference import departments_of_region
from shared.service import Service
from shared.web.answers import once
from shared.web.forms import Form, read_form
from shared.web.headers import CONTENT_SECURITY_POLICY
from shared.web.i18n import language
from shared.web.pages import environment, render, url

router = APIRouter()
LETTER_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'self'"
)
FRAMING = {"Content-Security-Policy": f"{CONTENT_SECURITY_POLICY}; frame-src 'self'", "Cache-Control": "no-store"}


@router.get("/lettres/equipe/{campaign_id}")
async def one_letter(request: Request, campaign_id: UUID, session: Team, suite: str = "") -> Response:
    """A draft to write, or a sending to follow."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        campaign = await campaign_of(tx, campaign_id)
    return await show(request, campaign_id, typed(campaign), suite=suite)


def typed(campaign: Campaign) -> Form:
    """A letter as its form shows it."""
    return Form(
        {
            "subject": campaign.subject,
            "editorial": campaign.editorial,
            "department": campaign.department or "",
            "send_at": f"{in_paris(campaign.send_at):%Y-%m-%dT%H:%M}" if campaign.send_at else "",
        }
    )


def with_trial_address(form: Form, address: str) -> Form:
    """A trial goes to the team where nothing else was typed."""
    form.values.setdefault("email", address)
    return form


async def show(request: Request, campaign_id: UUID, form: Form, status: int = 200, suite: str = "") -> Response:
    """The page of a letter, with what was typed."""
    links = Links.of(request)
    demonstrations = links.settings.smtp_is_mailbox
    db: Database = request.app.state.db
    async with db.reading() as tx:
        campaign = await campaign_of(tx, campaign_id)
        issue = await current_issue(tx, campaign_id, demonstrations)
        context: dict[str, Any] = {
            "campaign": campaign,
            "items": await items_of(tx, campaign_id),
            "progress": await progress_of(tx, campaign_id),
            "readers": await count_readers(tx, campaign.topic, campaign.department, demonstrations),
            "groups": dict(await known_groups(tx)),
        }
    asked = request.query_params.get("departement", "")
    departments = department_options(links.settings.region)
    regional = departments[: len(departments_of_region(links.settings.region))]
    return render(
        request,
        "mailing/team_letter.html",
        status=status,
        headers=FRAMING,
        form=with_trial_address(form, links.settings.team_email),
        checks=checks_of(issue, links),
        said=said,
        suite=suite,
        preview_of=asked if asked in dict(regional) else "",
        departments=departments,
        regional=regional,
        demonstration=campaign.demonstration or issue.demonstration,
        **context,
        **TEAM_PAGE,
    )


@router.get("/lettres/equipe/{campaign_id}/apercu")
async def preview(
    request: Request, campaign_id: UUID, session: Team, departement: str = "", email: str = ""
) -> Response:
    """The letter alone, as a reader sees it: no script, no network, no origin."""
    links = Links.of(request)
    db: Database = request.app.state.db
    async with db.reading() as tx:
        issue = await current_issue(tx, campaign_id, links.settings.smtp_is_mailbox)
        known = await subscriber_by_key(tx, links.person_key(email)) if email else None
    reader = specimen(known.department if known else departement or None, known.lang if known else "fr")
    spoken = language.set(reader.lang)
    try:
        html = as_html(letter_mail(issue, reader.department, links.own(reader.id, reader.lang), links), links.settings)
    finally:
        language.reset(spoken)
    html = re.sub(r' aria-roledescription="email"([^>]*?) role="article"', r'\1 role="main"', html, count=1)
    html = html.replace("<head>", '<head><base target="_blank">', 1)
    return HTMLResponse(html, headers={"Content-Security-Policy": LETTER_POLICY, "Cache-Control": "no-store"})


async def _act(request: Request, campaign_id: UUID, model: type[BaseModel], work: Any, suite: str) -> Response:
    """Read a form, do its work once, come back to the letter; a refusal stands on the page."""
    form = await read_form(request)
    asked = form.read(model)
    db: Database = request.app.state.db
    try:
        if asked is not None:
            kept: BaseModel = asked

            async def answering(tx: Tx) -> Answer:
                await work(kept, tx)
                return Answer(200, {})

            await once(request, asked, form.key, answering)
            return RedirectResponse(url(f"/lettres/equipe/{campaign_id}", suite=suite or None), status_code=303)
    except Refusal as refusal:
        if refusal.status not in (409, 422):
            raise
        form.refuse(refusal)
    status = 422 if asked is None else 409
    async with db.reading() as tx:
        stored = typed(await campaign_of(tx, campaign_id))
    form.values = stored.values | form.values
    return await show(request, campaign_id, form, status)


@router.post("/lettres/equipe/{campaign_id}")
async def write(request: Request, campaign_id: UUID, session: Team) -> Response:
    """Subject, words and readers."""

    async def work(form: WriteCampaign, tx: Tx) -> None:
        await commands.write_campaign(campaign_id, form, tx)

    return await _act(request, campaign_id, WriteCampaign, work, "ecrite")


@router.post("/lettres/equipe/{campaign_id}/element")
async def change_item(request: Request, campaign_id: UUID, session: Team) -> Response:
    """One item up, down, out or back."""

    async def work(form: ChangeItem, tx: Tx) -> None:
        await commands.change_item(campaign_id, form, tx)

    return await _act(request, campaign_id, ChangeItem, work, "")


@router.post("/lettres/equipe/{campaign_id}/essai")
async def try_it(request: Request, campaign_id: UUID, session: Team) -> Response:
    """One copy to one address."""
    links = Links.of(request)

    async def work(form: SendTest, tx: Tx) -> None:
        to = {"email": form.email, "person_key": links.person_key(form.email), "lang": "fr"}
        await commands.send_test(campaign_id, to, tx)

    return await _act(request, campaign_id, SendTest, work, "essai")


@router.post("/lettres/equipe/{campaign_id}/approbation")
async def approve(request: Request, campaign_id: UUID, session: Team) -> Response:
    """Let it leave."""
    demonstrations = Links.of(request).settings.smtp_is_mailbox

    async def work(form: ApproveCampaign, tx: Tx) -> None:
        await commands.approve_campaign(campaign_id, form, tx, session.by, demonstrations)

    return await _act(request, campaign_id, ApproveCampaign, work, "")


@router.post("/lettres/equipe/{campaign_id}/rappel")
async def call_back(request: Request, campaign_id: UUID, session: Team) -> Response:
    """An approved letter becomes a draft again."""

    async def work(_form: Nothing, tx: Tx) -> None:
        await commands.call_back(campaign_id, tx)

    return await _act(request, campaign_id, Nothing, work, "")


@router.post("/lettres/equipe/{campaign_id}/suppression")
async def discard(request: Request, campaign_id: UUID, session: Team) -> Response:
    """Throw a draft away."""
    db: Database = request.app.state.db
    async with db.transaction() as tx:
        await commands.discard_campaign(campaign_id, tx)
    return RedirectResponse(url("/lettres/equipe"), status_code=303)


@router.get("/lettres/equipe/{campaign_id}/avancement")
async def follow(request: Request, campaign_id: UUID, session: Team) -> Response:
    """How far the sending is, as it goes (server-sent events); without a script, the page says it when loaded."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        await campaign_of(tx, campaign_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_progress(request, campaign_id), media_type="text/event-stream", headers=headers)


async def _progress(request: Request, campaign_id: UUID) -> AsyncIterator[str]:
    service: Service = request.app.state.service
    shown = ""
    yield "retry: 5000\n\n"
    while not service.closing.is_set():
        try:
            async with service.db.reading() as tx:
                campaign = await campaign_of(tx, campaign_id)
                progress = await progress_of(tx, campaign_id)
        except Refusal:  # thrown away meanwhile, or the database is gone: the page asks again by itself
            return
        macros = environment().get_template("mailing/pieces.html").module
        html = str(macros.progress(campaign, progress, wording))  # type: ignore[attr-defined]
        if html != shown:
            yield "".join(f"data: {line}\n" for line in html.splitlines()) + "\n"
            shown = html
        try:
            await asyncio.wait_for(service.closing.wait(), 1)
        except TimeoutError:
            continue
