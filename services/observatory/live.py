"""Figures that move: one ear on the database for all the readers of a process, and a bell they wait on."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from shared.db import UNREACHABLE, Database
from shared.errors import Unavailable
from shared.web.kept import Kept

if TYPE_CHECKING:
    from shared.service import Service

Made = TypeVar("Made")

CHANNEL = "public_figures"
POLL_SECONDS = 5.0
KEPT = 500
"""Answers kept between two moves, at most."""
GATHER_SECONDS = 0.1
"""Facts that come together move the page once."""


class Live:
    """Counts the moves of the figures; readers wait for the next, and share what was computed since the last."""

    def __init__(self) -> None:
        self.rings = 0
        self.hearing = False
        """Whether a move would be noticed; else nothing is kept."""
        self._bell = asyncio.Event()
        self.kept = Kept(KEPT)

    def ring(self) -> None:
        """Wake whoever waits."""
        self.rings += 1
        self._bell.set()
        self._bell = asyncio.Event()

    async def remember(self, key: str, compute: Callable[[], Coroutine[Any, Any, Made]]) -> Made:
        """What `compute` gives, kept until the next move where a move would be noticed."""
        return await self.kept.remember(key, compute) if self.hearing else await compute()

    async def wait(self, seconds: float) -> None:
        """Return at the next move, or after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._bell.wait()


async def hear(db: Database, live: Live) -> None:
    """Ring at every fact counted; ring every few seconds too, since a LISTEN can be lost without a word."""
    heard = asyncio.Event()

    def note(*_said: object) -> None:
        heard.set()
        live.kept.forget()

    def deafen(*_said: object) -> None:
        live.hearing = False
        note()

    connection = await asyncpg.connect(db.url, timeout=5)
    connection.add_termination_listener(deafen)
    await connection.add_listener(CHANNEL, note)
    live.hearing = True
    try:
        while not connection.is_closed():
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await heard.wait()
            if heard.is_set():
                await asyncio.sleep(GATHER_SECONDS)
            else:  # a move that was heard made it forget already
                live.kept.forget()
            heard.clear()
            live.ring()
    finally:
        live.hearing = False
        with suppress(Exception):
            await connection.close(timeout=1)


async def follow_the_figures(service: "Service") -> None:
    """The chore that keeps one ear open; when it falls, it is started again."""
    try:
        await hear(service.db, service.app.state.live)
    except UNREACHABLE as error:
        raise Unavailable() from error
