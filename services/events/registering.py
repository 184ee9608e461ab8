"""One way to register, for the page and the API: a queue at the door, once a key, once more where a twin was faster."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID
from weakref import WeakValueDictionary

from starlette.requests import Request

from services.events.commands import register_person
from services.events.domain import RegistrationOvertaken
from services.events.forms import RegisterPerson
from services.events.links import Links
from shared.db import Answer, Tx
from shared.errors import Unavailable
from shared.web.answers import once

AT_ONCE = 4
"""Requests a process works on at once for one gathering: they take turns on its row, and must not hold every
connection while they wait. Thrift alone: the row decides."""
PATIENCE_SECONDS = 20

_doors: WeakValueDictionary[UUID, asyncio.Semaphore] = WeakValueDictionary()


async def register_once(request: Request, gathering_id: UUID, form: RegisterPerson, key: str | None) -> Answer:
    """The place or the rank; the same answer to a repeat."""
    links = Links.of(request)

    async def work(tx: Tx) -> Answer:
        place = await register_person(gathering_id, form, tx, links)
        return Answer(201, place.answer())

    async with _queue(gathering_id):
        try:
            return await once(request, form, key, work)
        except RegistrationOvertaken:
            return await once(request, form, key, work)


@asynccontextmanager
async def _queue(gathering_id: UUID) -> AsyncIterator[None]:
    door = _doors.setdefault(gathering_id, asyncio.Semaphore(AT_ONCE))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await door.acquire()
    except TimeoutError:
        raise Unavailable() from None
    try:
        yield
    finally:
        door.release()
