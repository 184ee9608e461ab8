"""One way to register, for the page and the API: together with whoever comes at the same time, once a key."""

from uuid import UUID

from starlette.requests import Request

from services.events.commands import register_person
from services.events.domain import RegistrationOvertaken
from services.events.forms import RegisterPerson
from services.events.links import Links
from shared.db import Answer, Tx
from shared.web.answers import once


async def register_once(request: Request, gathering_id: UUID, form: RegisterPerson, key: str | None) -> Answer:
    """The place or the rank; the same answer to a repeat, and once more where a twin was faster by an instant."""
    links = Links.of(request)

    async def work(tx: Tx) -> Answer:
        place = await register_person(gathering_id, form, tx, links)
        return Answer(201, place.answer())

    try:
        return await once(request, form, key, work, rank=str(gathering_id))
    except RegistrationOvertaken:
        return await once(request, form, key, work, rank=str(gathering_id))
