"""Forms that arrive together are committed together: one BEGIN, one journal statement, one COMMIT for all of them.

Nobody waits for a companion: a form that comes alone leaves alone, and those that come while it works make the next
group. As on the bus, after an error each goes on its own, so that nobody is refused for another's fault.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.db import Database, Tx
from shared.errors import Unavailable

Made = TypeVar("Made")
Work = Callable[[Tx], Awaitable[Made]]

LARGEST, GROUPS_AT_ONCE = 64, 3
"""Forms in a group, and groups at work: one alone would leave PostgreSQL idle while Python works, and the reverse."""
PATIENCE_SECONDS = 2.0
"""A group that waits longer for one of its rows, that somebody else holds, is undone; then each waits for its own."""
ALONE_AT_ONCE = 4
"""Thrift: forms on their own wait for a row with a connection in hand, and must not hold them all."""


@dataclass(eq=False)
class Form:
    """A form on its way: `rank` orders the rows that a group takes, the same in every process."""

    rank: str
    work: Work[Any]
    context: Context = field(default_factory=copy_context)
    answered: "asyncio.Future[Any]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def run(self, tx: Tx) -> Any:
        """Do the work in the story and the language of whoever sent it."""
        return await asyncio.create_task(_called(self.work, tx), context=self.context)

    def settle(self, answer: object) -> None:
        """Tell whoever still waits."""
        if not self.answered.done():
            self.answered.set_result(answer)

    def fail(self, error: BaseException) -> None:
        """Raise `error` where the answer is awaited."""
        if not self.answered.done():
            self.answered.set_exception(error)


async def _called(work: Work[Any], tx: Tx) -> Any:
    return await work(tx)


class HeldUp(Exception):
    """A group waits for a row that somebody else holds."""


async def _worked(group: list[Form], tx: Tx) -> list[Any]:
    if len(group) == 1:
        return [await group[0].run(tx)]
    answers = []
    try:
        for form in group:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answers.append(await form.run(tx))
    except TimeoutError:
        raise HeldUp from None
    return answers


class Together:
    """One process's forms for one database."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._waiting: list[Form] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._groups = 0
        self._alone = asyncio.Semaphore(ALONE_AT_ONCE)

    async def do(self, work: Work[Made], rank: str) -> Made:
        """What `work` answers, once it is committed; raises what it raises."""
        form = Form(rank, work)
        self._waiting.append(form)
        if self._groups < GROUPS_AT_ONCE:
            self._groups += 1
            self._start(self._go())
        made: Made = await form.answered
        return made

    async def _go(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
                group.sort(key=lambda form: form.rank)
                await self._commit(group)
        finally:
            self._groups -= 1

    async def _commit(self, group: list[Form]) -> None:
        try:
            async with self.db.transaction() as tx:
                answers = await _worked(group, tx)
        except Exception as error:
            if len(group) == 1 or isinstance(error, Unavailable):  # a commit that failed may have happened: no retry
                for form in group:
                    form.fail(error)
            else:
                for form in group:
                    self._start(self._commit_alone(form))
            return
        for form, answer in zip(group, answers, strict=True):
            form.settle(answer)

    async def _commit_alone(self, form: Form) -> None:
        try:
            async with self._alone, self.db.transaction() as tx:
                answer = await form.run(tx)
        except Exception as error:
            form.fail(error)
        else:
            form.settle(answer)

    def _start(self, work: "Awaitable[None]") -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
