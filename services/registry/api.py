"""The registry's JSON API."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse

from services.registry import commands, wording
from services.registry.forms import (
    AskInformation,
    ErasePerson,
    JoinGroup,
    OrganisationsAsked,
    PublishRequest,
    RecordWatchItem,
    RefuseRequest,
    RequestListing,
    WithdrawWatchItem,
)
from services.registry.links import Links
from services.registry.listing import ask_once
from services.registry.queries import directory, erasures, groups, requests, watch
from services.registry.shown import erasure_shown, group_shown, item_shown, organisation_shown, request_shown
from services.registry.tally import kept
from shared.clock import today
from shared.contracts.registry import WatchClass
from shared.db import Answer, Tx
from shared.web.answers import HEADER, once
from shared.web.session import Session, team_session

router = APIRouter(
    prefix="/api/registry/v1",
    tags=["registry"],
)
Team = Annotated[Session, Depends(team_session)]
Limit = Annotated[int, Query(ge=1, le=100)]


class Asked(BaseModel):
    """What was asked, by its id."""

    id: UUID


class Accepted(BaseModel):
    """What a request became."""

    id: UUID
    status: str
    organisation_id: UUID | None = None
    slug: str | None = None


@router.post("/listing-requests", status_code=201, response_model_exclude_none=True)
async def ask_to_be_listed(form: RequestListing, request: Request, response: Response) -> Accepted:
    """Ask to be listed; a mail leads to the page that tells where the request stands."""

    answer = await ask_once(request, form, request.headers.get(HEADER) or "body")
    response.headers["Location"] = f"{router.prefix}/listing-requests/{answer.body['id']}"
    return Accepted.model_validate(answer.body)


@router.get("/listing-requests")
async def listing_requests(
    request: Request,
    _team: Team,
    status: Literal["", "requested", "in_review", "information_asked", "published", "refused"] = "",
    cursor: UUID | None = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """The team's queue: requests that wait, or those of one state, oldest first."""
    async with request.app.state.db.reading() as tx:
        rows = await requests.queue(tx, status, cursor, limit + 1)
        counts = await requests.queue_counts(tx)
    total = (
        counts.get(status, 0)
        if status
        else sum(counts.get(one, 0) for one in ("requested", "in_review", "information_asked"))
    )
    more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
    return {"items": [request_shown(row) for row in rows[:limit]], "total": total, "next": more}


@router.get("/listing-requests/{request_id}")
async def listing_request(request_id: UUID, request: Request, _team: Team) -> dict[str, Any]:
    """One request whole, with what it may double."""
    async with request.app.state.db.reading() as tx:
        row = await requests.request_of(tx, request_id)
        doubles = await requests.likely_doubles(tx, row)
    return request_shown(row) | {"likely_doubles": [{"id": str(one["id"]), "name": one["name"]} for one in doubles]}


@router.post("/listing-requests/{request_id}/publication")
async def publish(request_id: UUID, request: Request, team: Team, form: PublishRequest | None = None) -> Accepted:
    """Put the structure in the directory."""
    asked = form or PublishRequest()

    async def work(tx: Tx) -> Answer:
        row, organisation = await commands.publish_request(request_id, asked, tx, team.by, Links.of(request))
        body = {"id": str(row["id"]), "status": row["status"]}
        return Answer(200, body | {"organisation_id": str(organisation["id"]), "slug": organisation["slug"]})

    return Accepted.model_validate((await once(request, asked, None, work)).body)


@router.post("/listing-requests/{request_id}/refusal", response_model_exclude_none=True)
async def refuse(request_id: UUID, form: RefuseRequest, request: Request, team: Team) -> Accepted:
    """Refuse, with the reason that the contact reads."""

    async def work(tx: Tx) -> Answer:
        row = await commands.refuse_request(request_id, form, tx, team.by, Links.of(request))
        return Answer(200, {"id": str(row["id"]), "status": row["status"]})

    return Accepted.model_validate((await once(request, form, None, work)).body)


@router.post("/listing-requests/{request_id}/information", response_model_exclude_none=True)
async def ask_more(request_id: UUID, form: AskInformation, request: Request, team: Team) -> Accepted:
    """Ask the contact for more; they answer by their link."""

    async def work(tx: Tx) -> Answer:
        row = await commands.ask_information(request_id, form, tx, team.by, Links.of(request))
        return Answer(200, {"id": str(row["id"]), "status": row["status"]})

    return Accepted.model_validate((await once(request, form, None, work)).body)


@router.get("/organisations")
async def organisations(asked: Annotated[OrganisationsAsked, Query()], request: Request) -> Response:
    """The directory: full text, facets with counts, pages by cursor; the same for all, until it changes."""
    return await kept(request, lambda: _listed(asked, request))


async def _listed(asked: OrganisationsAsked, request: Request) -> Response:
    async with request.app.state.db.reading() as tx:
        found = await directory.search(tx, asked, request.app.state.tally)
    facets = {
        name: [{"key": key, "label": wording.LABELS[name](key), "count": n} for key, n in values]
        for name, values in found.facets.items()
    }
    items = [organisation_shown(row) for row in found.items]
    return JSONResponse({"items": items, "total": found.total, "facets": facets, "next": found.next})


@router.get("/organisations/{slug}")
async def organisation(slug: Annotated[str, Path(max_length=100)], request: Request) -> dict[str, Any]:
    """One listed structure, by its address or its id."""
    async with request.app.state.db.reading() as tx:
        return organisation_shown(await directory.profile(tx, slug))


@router.get("/groups")
async def all_groups(request: Request) -> dict[str, Any]:
    """Country and thematic groups."""
    async with request.app.state.db.reading() as tx:
        rows = await groups.groups(tx)
    return {"items": [group_shown(row) for row in rows], "total": len(rows)}


@router.post("/groups/{slug}/memberships", status_code=202)
async def join(slug: str, form: JoinGroup, request: Request) -> dict[str, str]:
    """Ask to join; a mail confirms it."""

    async def work(tx: Tx) -> Answer:
        await commands.join_group(slug, form, tx, Links.of(request))
        return Answer(202, {"status": "asked"})

    return {"status": (await once(request, form, None, work)).body["status"]}


@router.get("/watch-items")
async def watched(
    request: Request, watch_class: WatchClass | None = None, cursor: UUID | None = None, limit: Limit = 50
) -> dict[str, Any]:
    """News, calls and offers whose deadline is not past, newest first."""
    async with request.app.state.db.reading() as tx:
        rows = await watch.open_items(tx, today(), watch_class, cursor, limit + 1)
        total = await watch.open_count(tx, today(), watch_class)
    more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
    return {"items": [item_shown(row) for row in rows[:limit]], "total": total, "next": more}


@router.post("/watch-items", status_code=201)
async def add_item(form: RecordWatchItem, request: Request, _team: Team) -> dict[str, Any]:
    """Publish an item; the same address twice is one item."""

    async def work(tx: Tx) -> Answer:
        return Answer(201, item_shown(await commands.record_watch_item(form, tx)))

    return (await once(request, form, None, work)).body


@router.post("/watch-items/{item_id}/withdrawal")
async def withdraw(item_id: UUID, request: Request, _team: Team) -> dict[str, Any]:
    """Take an item back: it is in no later letter."""

    async def work(tx: Tx) -> Answer:
        return Answer(200, item_shown(await commands.withdraw_watch_item(item_id, tx)))

    return (await once(request, WithdrawWatchItem(), None, work)).body


@router.post("/erasures", status_code=201)
async def erase(form: ErasePerson, request: Request, response: Response, team: Team) -> Asked:
    """Erase whoever reads an address, in every service; all who share it go together."""

    async def work(tx: Tx) -> Answer:
        made = await commands.request_erasure(form, tx, Links.of(request), team.by, team.role)
        return Answer(201, {"id": str(made)})

    answer = await once(request, form, None, work)
    response.headers["Location"] = f"{router.prefix}/erasures/{answer.body['id']}"
    return Asked.model_validate(answer.body)


@router.get("/erasures/{erasure_id}")
async def erasure(erasure_id: UUID, request: Request, _team: Team) -> dict[str, Any]:
    """The receipt of an erasure: where each service stands, when, and how many rows went."""
    async with request.app.state.db.reading() as tx:
        row = await erasures.receipt_of(tx, erasure_id)
        parts = await erasures.parts_of(tx, erasure_id)
    return erasure_shown(row, parts)
