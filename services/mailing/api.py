"""The JSON API: `/api/mailing/v1`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse

from services.mailing import commands
from services.mailing.forms import AskSubscription
from services.mailing.links import Links
from services.mailing.queries.subscribers import count_subscribers, total_subscribers
from shared.db import Answer, Database, Tx
from shared.web.answers import once
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
