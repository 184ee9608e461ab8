"""`/api/{service}/v1/bus`: the team's view of one service's bus, the same in all four."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from shared.web.console import letters, stories
from shared.web.console.letters import LetterGone
from shared.web.console.state import bus_state
from shared.web.fields import Document
from shared.web.session import Session, team_session

if TYPE_CHECKING:
    from shared.service import Service

MOST = 500
Team = Annotated[Session, Depends(team_session)]
Facts = Annotated[list[UUID], Query(max_length=MOST)]


class ChooseLetters(BaseModel):
    """Letters, named one by one."""

    ids: list[UUID] = Field(min_length=1, max_length=MOST)


class CorrectLetter(BaseModel):
    """What a dead letter should have said: the whole fact, as JSON."""

    body: Document


def bus_api(service: "Service") -> APIRouter:
    """The routes of one service."""
    name, db = service.card.name, service.db
    router = APIRouter(prefix=f"/api/{name}/v1/bus", tags=["bus"])

    @router.get("")
    async def read_bus(session: Team) -> dict[str, Any]:
        """What waits to leave, what waits to be handled and for how long, what is parked or dead."""
        return (await bus_state(service)).told()

    @router.get("/dead-letters")
    async def list_letters(
        session: Team,
        cause: Annotated[str | None, Query(max_length=600)] = None,
        id: Annotated[list[UUID] | None, Query(max_length=MOST)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = letters.SHOWN,
    ) -> dict[str, Any]:
        """Dead letters and what waits for another attempt, the dead ones first; how many each cause holds."""
        async with db.reading() as tx:
            found, groups = await letters.dead_letters(tx, name, limit, cause, id), await letters.causes(tx)
        total = sum(one["dead"] + one["waiting"] for one in groups if cause in (None, one["cause"]))
        return {"items": [one.summary() for one in found], "total": total, "causes": groups}

    @router.get("/dead-letters/{event_id}")
    async def read_letter(event_id: UUID, session: Team) -> dict[str, Any]:
        """One letter whole; the body of a personal fact holds an address."""
        async with db.reading() as tx:
            return (await letters.dead_letter(tx, name, event_id)).whole()

    @router.post("/dead-letters/retries")
    async def retry_letters(form: ChooseLetters, session: Team) -> dict[str, Any]:
        """Try these letters again; `gone` lists those that were not there. Nothing is published again."""
        async with db.transaction() as tx:
            return _outcome(form.ids, await letters.retry(tx, form.ids, session.by))

    @router.post("/dead-letters/drops")
    async def drop_letters(form: ChooseLetters, session: Team) -> dict[str, Any]:
        """Forget these letters; `gone` lists those that were not there."""
        async with db.transaction() as tx:
            return _outcome(form.ids, await letters.drop(tx, form.ids, session.by))

    @router.post("/dead-letters/{event_id}/correction")
    async def correct_letter(event_id: UUID, form: CorrectLetter, session: Team) -> dict[str, Any]:
        """Replace what a dead letter says, and try it again here; the first text is kept beside it."""
        async with db.transaction() as tx:
            await letters.correct(tx, event_id, form.body, session.by)
        return {"id": event_id, "state": "waiting"}

    _add_stories(router, service)
    return router


def _add_stories(router: APIRouter, service: "Service") -> None:
    consumers = [service.card.durable(stream) for stream in service.card.streams]

    @router.get("/stories/{correlation_id}")
    async def read_story(correlation_id: UUID, session: Team) -> dict[str, Any]:
        """What this service said in a story, and what it heard of it and could not do yet."""
        async with service.db.reading() as tx:
            return {"said": await stories.said(tx, correlation_id), "stuck": await stories.stuck(tx, correlation_id)}

    @router.get("/handled")
    async def read_handled(event_id: Facts, session: Team) -> dict[str, Any]:
        """When this service handled each of these facts, where it did."""
        async with service.db.reading() as tx:
            items = await stories.handled(tx, consumers, event_id)
        return {"items": items, "total": len(items)}


def _outcome(asked: list[UUID], done: list[UUID]) -> dict[str, Any]:
    if not done:
        raise LetterGone()
    return {"done": done, "gone": [one for one in dict.fromkeys(asked) if one not in done]}
