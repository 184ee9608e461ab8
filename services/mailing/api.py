"""The JSON API: `/api/mailing/v1`."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.encoders import jsonable_encoder
from starlette.requests import Request
from starlette.responses import JSONResponse

from services.mailing import commands
from services.mailing.forms import ApproveCampaign, AskSubscription, CampaignsAsked, DraftCampaign
from services.mailing.links import Links
from services.mailing.queries.campaigns import (
    Campaign,
    campaign_of,
    campaigns_page,
    count_campaigns,
    letters_page,
    progress_of,
)
from services.mailing.queries.items import items_of
from services.mailing.queries.outgoing import mails_of_story
from services.mailing.queries.subscribers import count_subscribers, total_subscribers
from shared.db import Answer, Database, Tx
from shared.log import without_addresses
from shared.web.answers import once
from shared.web.console.stories import LONGEST
from shared.web.session import Session, team_session

router = APIRouter(prefix="/api/mailing/v1", tags=["letters"])
Team = Annotated[Session, Depends(team_session)]


@router.post("/subscriptions", status_code=202)
async def ask_subscription(request: Request, form: AskSubscription) -> JSONResponse:
    """Ask for letters: the same answer for every address; the mail says the rest."""
    links = Links.of(request)

    async def work(tx: Tx) -> Answer:
        await commands.ask_subscription(form, tx, links)
        return Answer(202, {"status": "confirmation_asked"})

    answer = await once(request, form, None, work)
    return JSONResponse(answer.body, answer.status)


@router.get("/subscribers")
async def count_readers(request: Request, session: Team) -> dict[str, Any]:
    """How many read each letter; never who."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        counts = await count_subscribers(tx)
        total = await total_subscribers(tx)
    items = [{"topic": topic, "department": department, "subscribers": n} for topic, department, n in counts]
    return {"items": items, "total": total}


@router.get("/bus/stories/{correlation_id}/mails")
async def list_mails_of_story(request: Request, correlation_id: UUID, session: Team) -> dict[str, Any]:
    """The mails of one story, and how each ended; never whom they are for."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        rows = await mails_of_story(tx, correlation_id, LONGEST)
    items = [dict(row) | {"reason": without_addresses(row["reason"] or "") or None} for row in rows]
    return {"items": items, "total": len(items)}


def shown(campaign: Campaign) -> dict[str, Any]:
    """A campaign as the API answers it."""
    kept = [name for name in Campaign.__slots__ if name not in ("version", "editorial", "correlation_id")]
    found: dict[str, Any] = jsonable_encoder({name: getattr(campaign, name) for name in kept})
    return found


@router.get("/campaigns")
async def list_campaigns(request: Request, session: Team, asked: Annotated[CampaignsAsked, Query()]) -> dict[str, Any]:
    """Every letter, the latest first."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        found = await campaigns_page(tx, asked.cursor, asked.limit)
        total = await count_campaigns(tx)
    page = found[: asked.limit]
    following = {"next": str(page[-1].id)} if len(found) > asked.limit else {}
    return {"items": [shown(one) for one in page], "total": total} | following


@router.post("/campaigns", status_code=201)
async def draft_campaign(request: Request, form: DraftCampaign, session: Team) -> JSONResponse:
    """Draft the newsletter now, or a targeted letter; 409 where there is nothing new."""
    demonstrations = Links.of(request).settings.smtp_is_mailbox

    async def work(tx: Tx) -> Answer:
        if form.kind == "targeted":
            return Answer(201, shown(await commands.draft_targeted(form, tx, session.by)))
        return Answer(201, shown(await commands.draft_newsletter(tx, session.by, demonstrations)))

    answer = await once(request, form, None, work)
    return JSONResponse(answer.body, answer.status)


@router.get("/campaigns/{campaign_id}")
async def read_campaign(request: Request, campaign_id: UUID, session: Team) -> dict[str, Any]:
    """One letter, its items and how far it is."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        campaign = await campaign_of(tx, campaign_id)
        progress = await progress_of(tx, campaign_id)
        items = await items_of(tx, campaign_id)
    return shown(campaign) | {
        "editorial": campaign.editorial,
        "letters": {name: getattr(progress, name) for name in ("queued", "sent", "failed", "skipped")},
        "items": [
            {"kind": one.kind, "id": str(one.id), "title": one.title, "dropped": one.dropped, "current": one.is_current}
            for one in items
        ],
    }


@router.post("/campaigns/{campaign_id}/approval")
async def approve_campaign(request: Request, campaign_id: UUID, form: ApproveCampaign, session: Team) -> JSONResponse:
    """Let it leave, at its hour or now."""
    demonstrations = Links.of(request).settings.smtp_is_mailbox

    async def work(tx: Tx) -> Answer:
        return Answer(200, shown(await commands.approve_campaign(campaign_id, form, tx, session.by, demonstrations)))

    answer = await once(request, form, None, work)
    return JSONResponse(answer.body, answer.status)


@router.get("/campaigns/{campaign_id}/letters")
async def list_letters(
    request: Request, campaign_id: UUID, session: Team, asked: Annotated[CampaignsAsked, Query()]
) -> dict[str, Any]:
    """What became of each letter, by a random id: never who reads it."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        await campaign_of(tx, campaign_id)
        rows = await letters_page(tx, campaign_id, asked.cursor, asked.limit)
        progress = await progress_of(tx, campaign_id)
    page = rows[: asked.limit]
    following = {"next": str(page[-1]["id"])} if len(rows) > asked.limit else {}
    return {"items": [jsonable_encoder(dict(row)) for row in page], "total": progress.total} | following
