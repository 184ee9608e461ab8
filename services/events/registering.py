"""One way to register, for the page and the API: once a key, and once more where the same person was faster."""

from uuid import UUID

from starlette.requests import Request

from services.events.commands import register_person
from services.events.domain import RegistrationOvertaken
from services.events.forms import RegisterPerson
from services.events.links import Links
from shared.db import Answer, Tx
from shared.web.answers import once


async def register_once(request: Request, gathering_id: UUID, form: RegisterPerson, key: str | None) -> Answer:
    """The place or the rank; the same answer to a repeat."""
    links = Links.of(request)

    async def work(tx: Tx) -> Answer:
        place = await register_person(gathering_id, form, tx, links)
        return Answer(201, place.answer())

    try:
        return await once(request, form, key, work)
    except RegistrationOvertaken:
        return await once(request, form, key, work)
