"""One database a service. A transaction writes the change and the facts that tell it, or neither."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from shared.clock import new_id, now
from shared.contracts import DomainEvent, Envelope, PersonalEvent
from shared.errors import Unavailable
from shared.log import correlation_id

Row = asyncpg.Record

UNREACHABLE: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""Errors that speak of the server, not of the request: 503, and no attempt is counted."""
PATIENCE_SECONDS = 20  # a request's turn in a crowd; a server that is gone is noticed at once
NO_CONNECTION: tuple[type[BaseException], ...] = (asyncpg.PostgresError, *UNREACHABLE)
"""Before a connection is ours, whatever the server says is no fault of the request."""


@dataclass(slots=True)
class Answer:
    """What a repeated form gets again: the status and body of the first."""

    status: int
    body: dict[str, Any]


class AlreadyAnswered(Exception):
    """The same form was answered by another transaction while this one worked."""


@dataclass(slots=True)
class Tx:
    """A transaction's connection, and the facts that leave with its commit."""

    connection: Any
    network: str
    cause: Envelope | None = None
    """The event being handled, where a handler works: what it emits follows from it."""
    _events: list[tuple[UUID, DomainEvent, UUID, UUID | None]] = field(default_factory=list)
    """Event id, event, its story (the correlation id), the event it follows from."""
    _answers: list[tuple[bytes, Answer]] = field(default_factory=list)

    async def fetch(self, sql: str, *values: Any) -> list[Row]:
        return list(await self.connection.fetch(sql, *values))

    async def fetchrow(self, sql: str, *values: Any) -> Row | None:
        row: Row | None = await self.connection.fetchrow(sql, *values)
        return row

    async def fetchval(self, sql: str, *values: Any) -> Any:
        return await self.connection.fetchval(sql, *values)

    async def execute(self, sql: str, *values: Any) -> str:
        return str(await self.connection.execute(sql, *values))

    async def executemany(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        await self.connection.executemany(sql, rows)

    def emit(self, event: DomainEvent) -> UUID:
        """Say `event` when this transaction commits; returns its id."""
        event_id, cause = new_id(), self.cause
        story = cause.correlation_id if cause else correlation_id()
        self._events.append((event_id, event, story, cause.event_id if cause else None))
        return event_id

    def remember(self, scope: bytes, answer: Answer) -> None:
        """Keep `answer` for whoever sends the same form again."""
        self._answers.append((scope, answer))

    async def flush(self) -> bool:
        """Write the journal and the answers in one statement; True if the relay has work."""
        if not self._events and not self._answers:
            return False
        try:
            await self.connection.execute(
                """WITH kept AS (
                    INSERT INTO answer (scope, status, body) SELECT * FROM unnest($1::bytea[], $2::int[], $3::jsonb[])
                )
                INSERT INTO journal
                    (event_id, stream, contract, subject, person_key, correlation_id, causation_id, body, recorded_at)
                SELECT *, $12::timestamptz FROM unnest(
                    $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::uuid[], $10::uuid[], $11::text[]
                )""",
                [scope for scope, _ in self._answers],
                [answer.status for _, answer in self._answers],
                [answer.body for _, answer in self._answers],
                *self._journal_columns(),
                now(),
            )
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "answer_pkey":
                raise AlreadyAnswered from None
            raise
        told = bool(self._events)
        self._events, self._answers = [], []
        return told

    def _journal_columns(self) -> list[list[Any]]:
        rows = [
            (
                event_id,
                event.stream,
                event.contract(),
                event.subject(self.network),
                event.person_key if isinstance(event, PersonalEvent) else None,
                story,
                cause,
                event.model_dump_json(exclude_none=True),
            )
            for event_id, event, story, cause in self._events
        ]
        return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(8)]


@dataclass
class Database:
    """The service's own PostgreSQL: a pool, transactions, and a bell that wakes the relay at each commit."""

    url: str
    network: str
    size: int = 16
    committed: asyncio.Event = field(default_factory=asyncio.Event)
    _pool: Any = None

    async def open(self) -> None:
        """Open the pool; it heals by itself when the server comes back."""
        self._pool = await asyncpg.create_pool(
            self.url, min_size=1, max_size=self.size, timeout=5, command_timeout=30, init=_set_codecs, reset=_no_reset
        )

    async def close(self) -> None:
        """Give the connections back within two seconds."""
        if self._pool is None:
            return
        closing = asyncio.ensure_future(self._pool.close())
        await asyncio.wait({closing}, timeout=2)  # a server that is gone would hold it for longer
        self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection without a transaction, for reads; Unavailable where the server does not answer."""
        try:
            connection = await self._pool.acquire(timeout=PATIENCE_SECONDS)
        except NO_CONNECTION as error:
            raise Unavailable() from error
        try:
            try:
                yield connection
            finally:
                await self._pool.release(connection)
        except UNREACHABLE as error:
            if isinstance(error, asyncpg.InterfaceError) and "clos" not in str(error):
                raise  # a value of the wrong type, say: a mistake of ours
            raise Unavailable() from error

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """A Tx for queries alone; nothing it emits is kept."""
        async with self.connection() as connection:
            yield Tx(connection, self.network)

    @asynccontextmanager
    async def transaction(self, cause: Envelope | None = None) -> AsyncIterator[Tx]:
        """Everything inside happens together with its facts, or not at all."""
        async with self.connection() as connection:
            async with connection.transaction():
                tx = Tx(connection, self.network, cause)
                yield tx
                told = await tx.flush()
            if told:
                self.committed.set()


async def _set_codecs(connection: Any) -> None:
    await connection.set_type_codec("jsonb", encoder=_dump, decoder=json.loads, schema="pg_catalog")


async def _no_reset(_connection: Any) -> None:
    """Transactions leave nothing behind here, and the default reset costs a round trip."""


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
