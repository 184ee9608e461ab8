"""Figures that move: one ear on the database for all the readers of a process, and a bell they wait on."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from shared.db import UNREACHABLE, Database
from shared.errors import Unavailable

if TYPE_CHECKING:
    from shared.service import Service

CHANNEL = "public_figures"
POLL_SECONDS = 5.0
GATHER_SECONDS = 0.1
"""Facts that come together move the page once."""


class Live:
    """Counts the moves of the figures; readers wait for one they have not seen."""

    def __init__(self) -> None:
        self.moves = 0
        self._bell = asyncio.Event()

    def ring(self) -> None:
        """Something may have moved."""
        self.moves += 1
        self._bell.set()
        self._bell = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Return at the next move, or after `seconds`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._bell.wait(), seconds)


async def hear(db: Database, live: Live) -> None:
    """Ring at every fact counted; ring every few seconds too, since a LISTEN can be lost without a word."""
    heard = asyncio.Event()
    connection = await db.listen(CHANNEL, lambda _payload: heard.set())
    try:
        while not connection.is_closed():
            with suppress(TimeoutError):
                await asyncio.wait_for(heard.wait(), POLL_SECONDS)
            await asyncio.sleep(GATHER_SECONDS if heard.is_set() else 0)
            heard.clear()
            live.ring()
    finally:
        with suppress(Exception):
            await connection.close(timeout=1)


async def follow_the_figures(service: "Service") -> None:
    """The chore that keeps one ear open; when it falls, it is started again."""
    try:
        await hear(service.db, service.app.state.live)
    except UNREACHABLE as error:
        raise Unavailable() from error
