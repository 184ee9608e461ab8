"""Forms that arrive together are committed together: one BEGIN, what each takes sent in one go, one journal statement,
one COMMIT for all of them.

Nobody waits for a companion: a form that comes alone leaves alone, and those that come while it works make the next
group. As on the bus, after an error each goes on its own, so that nobody is refused for another's fault.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.db import Database, Row, Tx
from shared.errors import Unavailable

Made = TypeVar("Made")
Work = Callable[[Tx, Row], Awaitable[Made]]

LARGEST, GROUPS_AT_ONCE = 64, 3
"""Forms in a group, and groups at work: one alone would leave PostgreSQL idle while Python works, and the reverse."""
PATIENCE_SECONDS = 2.0
"""A group that waits longer for one of its rows, that somebody else holds, is undone; then each waits for its own."""
ALONE_AT_ONCE = 4
"""Thrift: forms on their own wait for a row with a connection in hand, and must not hold them all."""


@dataclass(frozen=True, slots=True)
class Taking:
    """What a form begins with: one statement that answers one row. `rank` says what it takes, so that every process
    takes in one order."""

    rank: str
    sql: str
    values: tuple[Any, ...]


@dataclass(eq=False)
class Form:
    """A form on its way."""

    taking: Taking
    work: Work[Any]
    context: Context = field(default_factory=copy_context)
    answered: "asyncio.Future[Any]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def run(self, tx: Tx, row: Row) -> Any:
        """Do the work in the story and the language of whoever sent it."""
        return await asyncio.create_task(_called(self.work, tx, row), context=self.context)

    def settle(self, answer: object) -> None:
        """Tell whoever still waits."""
        if not self.answered.done():
            self.answered.set_result(answer)

    def fail(self, error: BaseException) -> None:
        """Raise `error` where the answer is awaited."""
        if not self.answered.done():
            self.answered.set_exception(error)


async def _called(work: Work[Any], tx: Tx, row: Row) -> Any:
    return await work(tx, row)


class HeldUp(Exception):
    """A group waits for a row that somebody else holds."""


async def _worked(group: list[Form], tx: Tx) -> list[Any]:
    patience = PATIENCE_SECONDS if len(group) > 1 else None
    try:
        async with asyncio.timeout(patience):
            rows = await tx.connection.fetchmany(group[0].taking.sql, [form.taking.values for form in group])
            return [await form.run(tx, row) for form, row in zip(group, rows, strict=True)]
    except TimeoutError:
        if patience is None:
            raise
        raise HeldUp from None


class Together:
    """One process's forms for one database."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._waiting: list[Form] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._groups = 0
        self._alone = asyncio.Semaphore(ALONE_AT_ONCE)

    async def do(self, taking: Taking, work: Work[Made]) -> Made:
        """What `work` makes of the row that was taken, once it is committed; raises what either raises."""
        form = Form(taking, work)
        self._waiting.append(form)
        if self._groups < GROUPS_AT_ONCE:
            self._groups += 1
            self._start(self._go())
        made: Made = await form.answered
        return made

    async def _go(self) -> None:
        try:
            while self._waiting:
                await self._commit(self._next_group())
        finally:
            self._groups -= 1

    def _next_group(self) -> list[Form]:
        """Those that take with the statement of the first, in the order of what they take."""
        sql, group, others = self._waiting[0].taking.sql, list[Form](), list[Form]()
        for form in self._waiting:
            (group if form.taking.sql == sql and len(group) < LARGEST else others).append(form)
        self._waiting = others
        return sorted(group, key=lambda form: form.taking.rank)

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
                (answer,) = await _worked([form], tx)
        except Exception as error:
            form.fail(error)
        else:
            form.settle(answer)

    def _start(self, work: "Awaitable[None]") -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
