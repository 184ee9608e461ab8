"""What mail servers accepted, written together: one statement and one commit for all that are accepted at a moment."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from services.mailing.commands import sending
from services.mailing.commands.sending import Outgoing
from shared.db import Database

LARGEST = 200


@dataclass(eq=False)
class Ending:
    """A letter on its way to being marked as sent."""

    letter: Outgoing
    department: str | None
    written: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Endings:
    """One worker's accepted letters."""

    def __init__(self, db: Database, worker: UUID) -> None:
        self.db = db
        self.worker = worker
        self._waiting: list[Ending] = []
        self._writing: asyncio.Task[None] | None = None

    async def sent(self, letter: Outgoing, department: str | None) -> None:
        """Return once it is marked; raises Unavailable where the database is away: it may be marked, or not."""
        ending = Ending(letter, department)
        self._waiting.append(ending)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        await ending.written

    async def _write(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
                await self._commit(group)
        finally:
            self._writing = None

    async def _commit(self, group: list[Ending]) -> None:
        is_told = any(one.letter.campaign_id for one in group)
        try:
            async with self.db.transaction() if is_told else self.db.reading() as tx:  # one statement is its own
                await sending.settle_sent(tx, self.worker, [(one.letter, one.department) for one in group])
        except BaseException as error:
            for one in group:
                if not one.written.done():
                    one.written.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            for one in group:
                if not one.written.done():
                    one.written.set_result(None)
