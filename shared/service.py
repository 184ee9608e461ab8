"""A service as it runs: database, life on the bus, chores and application, entered and left together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp

from shared import chores as common
from shared import migrate
from shared.bus import Bus
from shared.card import Card, Handler, InBatches, Told
from shared.chores import Chore
from shared.contracts import DomainEvent
from shared.contracts.registry import AccessRevoked
from shared.db import Database, Tx
from shared.errors import Unavailable
from shared.settings import Settings
from shared.web.application import build_application, in_its_layers
from shared.web.console.state import MEASURE
from shared.web.session import Signer

log = structlog.get_logger()


async def _nothing_awaited() -> str | None:
    return None


class Service:
    """What `build(settings)` of each service returns; `async with` brings it to life."""

    def __init__(
        self,
        card: Card,
        settings: Settings,
        folder: Path,
        handlers: Mapping[type[DomainEvent], Handler],
        chores: Sequence[Chore] = (),
    ) -> None:
        self.card = card
        self.settings = settings
        self.migrations = folder / "migrations"
        self.db = Database(settings.database_url, settings.network, settings.pool)
        self.signer = Signer(settings.secret)
        self.revoked: set[Any] = set()
        self.chores = (*common.COMMON, MEASURE, *chores)
        self.bus = Bus(card, settings, self.db, {AccessRevoked: InBatches(refuse_revoked_accesses), **handlers})
        self.app: FastAPI = build_application(self, folder)
        self.asgi: ASGIApp = in_its_layers(self.app, card.name, settings)
        self.still_awaited: Callable[[], Awaitable[str | None]] = _nothing_awaited
        """What `ready` waits for beside the database, in a word; the embedded mode sets it."""
        self.closing = asyncio.Event()
        """Set when the service stops: long answers (SSE) end on it."""
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self.closing.clear()
        await migrate.check(self.settings.database_url, self.migrations)
        await self.db.open()
        self._tasks.append(asyncio.create_task(self.bus.run(), name=f"{self.card.name} bus"))
        for chore in self.chores:
            self._tasks.append(asyncio.create_task(self._repeat(chore), name=f"{self.card.name} {chore.name}"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks, timeout=5)  # what waits for a server that is gone is left behind
        self._tasks.clear()
        await self.db.close()

    async def _repeat(self, chore: Chore) -> None:
        while True:
            try:
                await chore.run(self)
            except Unavailable:
                log.info("chore waits for the database", service=self.card.name, chore=chore.name)
            except Exception as error:
                log.error("chore failed", service=self.card.name, chore=chore.name, exc_info=error)
            await asyncio.sleep(chore.every_seconds)

    async def not_ready(self) -> str | None:
        """Why the service cannot serve yet, or None: its database, its migrations, and what is still awaited."""
        try:
            async with self.db.reading() as tx:
                await tx.fetchval("SELECT count(*) FROM migration")
        except Unavailable:
            return "database"
        with suppress(Unavailable):
            return await self.still_awaited()
        return "database"


async def refuse_revoked_accesses(told: Told, tx: Tx) -> None:
    """From now on these tokens are nobody's here."""
    tokens = sorted({event.token_id for event, _envelope in told})
    await tx.execute("INSERT INTO revocation (token_id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING", tokens)
