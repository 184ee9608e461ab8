"""Public calendars, to subscribe to or to save."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.events.calendars import Occasion, published
from services.events.domain import UnknownGathering
from services.events.links import Links
from services.events.queries.gatherings import calendar_gatherings, public_gathering
from services.events.queries.known import group_names
from shared.db import Database
from shared.errors import NotFound
from shared.reference import theme

router = APIRouter()


def calendar_answer(text: str, name: str) -> Response:
    """A calendar that a phone opens and a program follows."""
    headers = {"Content-Disposition": f'inline; filename="{name}.ics"'}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)


async def _answer(request: Request, group: str | None, code: str | None, title: str | None) -> Response:
    links = Links.of(request)
    db: Database = request.app.state.db
    async with db.reading() as tx:
        found = await calendar_gatherings(tx, group, code)
    name = links.settings.network_name
    occasions = (Occasion.public(one, links.gathering(one.slug)) for one in found)
    return calendar_answer(published(f"{name}, {title}" if title else name, occasions), group or code or "agenda")


@router.get("/agenda.ics")
async def whole_agenda(request: Request) -> Response:
    """All that comes, and the year past."""
    return await _answer(request, None, None, None)


@router.get("/agenda/groupe/{slug}.ics")
async def group_agenda(request: Request, slug: str) -> Response:
    """The events of one group."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        name = (await group_names(tx)).get(slug)
    if name is None:
        raise NotFound()
    return await _answer(request, slug, None, name)


@router.get("/agenda/theme/{code}.ics")
async def theme_agenda(request: Request, code: str) -> Response:
    """The events of one theme."""
    found = theme(code)
    if found is None:
        raise NotFound()
    return await _answer(request, None, code, found.name)


@router.get("/agenda/{slug}.ics")
async def one_event(request: Request, slug: str) -> Response:
    """One event; a month without a day is no entry."""
    links = Links.of(request)
    db: Database = request.app.state.db
    async with db.reading() as tx:
        gathering = await public_gathering(tx, slug)
    if gathering.date_precision == "month":
        raise UnknownGathering("Le jour de cet événement n’est pas connu\u00a0: il n’a pas d’entrée de calendrier.")
    occasion = Occasion.public(gathering, links.gathering(slug))
    return calendar_answer(published(gathering.title, [occasion]), slug)
