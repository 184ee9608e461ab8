"""One way to register, for the page and the API: together with whoever comes at the same time, once a key."""

from uuid import UUID

from starlette.requests import Request

from services.events.commands import TAKE_PLACE, place_asked, tell_place
from services.events.domain import RegistrationOvertaken
from services.events.forms import RegisterPerson
from services.events.links import Links
from shared.db import Answer, Row, Tx
from shared.web.answers import once_together
from shared.web.together import Taking


async def register_once(request: Request, gathering_id: UUID, form: RegisterPerson, key: str | None) -> Answer:
    """The place or the rank; the same answer to a repeat, and once more where a twin was faster by an instant."""
    links = Links.of(request)
    taking = Taking(str(gathering_id), TAKE_PLACE, place_asked(gathering_id, form, links))

    async def work(tx: Tx, row: Row) -> Answer:
        place = await tell_place(row, form, tx, links)
        return Answer(201, place.answer())

    try:
        return await once_together(request, form, key, taking, work)
    except RegistrationOvertaken:
        return await once_together(request, form, key, taking, work)
