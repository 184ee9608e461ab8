"""What a handler could not do: kept with its reason, tried again with growing delays, then shown as a dead letter."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from shared.clock import new_id
from shared.contracts import DomainEvent, Envelope, parse
from shared.db import Database, Row
from shared.errors import NotYetKnown, Unavailable
from shared.log import without_addresses

if TYPE_CHECKING:
    from shared.bus.frame import Received

ATTEMPTS = 6
DELAYS_SECONDS = (1, 5, 30, 120, 600, 600)
WAITING_SECONDS = 2
POLL_SECONDS = 0.5

log = structlog.get_logger()

HandleOne = Callable[[DomainEvent, Envelope], Awaitable[None]]


class Parking:
    """The parked rows of one consumer."""

    def __init__(self, service: str, consumer: str, db: Database, handle: HandleOne) -> None:
        self.service = service
        self.consumer = consumer
        self.db = db
        self.handle = handle

    async def park(self, one: "Received", reason: str, *, counted: bool = True) -> None:
        """Keep an event whose handler failed; the first failure is the first attempt."""
        headers = dict(one.message.headers or {})
        await self._insert(one.envelope, one.message.subject, headers, one.message.data, reason, int(counted))

    async def bury(self, subject: str, headers: Mapping[str, str], body: bytes, reason: str) -> None:
        """Keep what nobody can read as a dead letter, at once."""
        envelope = _envelope_or_new(headers)
        await self._insert(envelope, subject, dict(headers), body, reason, ATTEMPTS)

    async def _insert(
        self, envelope: Envelope, subject: str, headers: dict[str, str], body: bytes, reason: str, attempts: int
    ) -> None:
        async with self.db.transaction() as tx:
            await tx.execute(
                """INSERT INTO parked (consumer, event_id, contract, subject, headers, body, reason, attempts, next_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9)) ON CONFLICT DO NOTHING""",
                self.consumer,
                envelope.event_id,
                envelope.contract,
                subject,
                headers,
                body.decode("utf-8", "backslashreplace").replace("\x00", "\\x00"),
                without_addresses(reason)[:500],
                attempts,
                None if attempts >= ATTEMPTS else float(DELAYS_SECONDS[max(0, attempts - 1)]),
            )

    async def run(self) -> None:
        """Try due rows for ever."""
        while True:
            try:
                while await self.try_due():
                    pass
            except Unavailable:
                await asyncio.sleep(2)
            await asyncio.sleep(POLL_SECONDS)

    async def try_due(self) -> bool:
        """Commit the attempt, then run the handler: a process killed by it cannot try for ever. True if one was due.

        The last attempt is written as a dead letter beforehand, since a process that it kills can write nothing after.
        """
        async with self.db.transaction() as tx:
            row = await tx.fetchrow(
                """UPDATE parked SET attempts = attempts + 1,
                       next_at = CASE WHEN attempts + 1 < $2 THEN now() + interval '10 minutes' END
                   WHERE (consumer, event_id) = (
                       SELECT consumer, event_id FROM parked WHERE consumer = $1 AND next_at <= now()
                       ORDER BY next_at FOR UPDATE SKIP LOCKED LIMIT 1)
                   RETURNING *""",
                self.consumer,
                ATTEMPTS,
            )
        if row is not None:
            await self.attempt(row)
        return row is not None

    async def attempt(self, row: Row) -> None:
        """Run the handler for one parked row, whose attempt is already counted; the row goes if it succeeds."""
        try:
            await self.handle(parse(row["contract"], row["body"]), Envelope.of(row["headers"]))
        except Unavailable:
            await self._give_back(row)
        except NotYetKnown as error:
            await self._wait(row, str(error))
        except Exception as error:
            await self._postpone(row, f"{type(error).__name__}: {error}")
        else:
            await self.drop(row["event_id"])

    async def drop(self, event_id: UUID) -> None:
        """Forget a parked row."""
        async with self.db.transaction() as tx:
            await tx.execute("DELETE FROM parked WHERE consumer = $1 AND event_id = $2", self.consumer, event_id)

    async def _give_back(self, row: Row) -> None:
        """An outage is no attempt: uncount it as soon as the database answers."""
        while True:
            try:
                async with self.db.transaction() as tx:
                    await tx.execute(
                        """UPDATE parked SET attempts = $3, next_at = now()
                           WHERE consumer = $1 AND event_id = $2 AND attempts = $3 + 1""",
                        row["consumer"],
                        row["event_id"],
                        row["attempts"] - 1,
                    )
                return
            except Unavailable:
                await asyncio.sleep(1)

    async def _wait(self, row: Row, what: str) -> None:
        async with self.db.transaction() as tx:
            await tx.execute(
                """UPDATE parked SET attempts = attempts - 1, reason = $3,
                       next_at = CASE WHEN first_at > now() - interval '24 hours'
                                      THEN now() + make_interval(secs => $4) END
                   WHERE consumer = $1 AND event_id = $2""",
                row["consumer"],
                row["event_id"],
                without_addresses(f"not yet known: {what}")[:500],
                float(WAITING_SECONDS),
            )

    async def _postpone(self, row: Row, reason: str) -> None:
        dead = row["attempts"] >= ATTEMPTS
        if dead:
            log.error("dead letter", service=self.service, contract=row["contract"], reason=reason)
        async with self.db.transaction() as tx:
            await tx.execute(
                """UPDATE parked SET reason = $3, next_at = now() + make_interval(secs => $4)
                   WHERE consumer = $1 AND event_id = $2""",
                row["consumer"],
                row["event_id"],
                without_addresses(reason)[:500],
                None if dead else float(DELAYS_SECONDS[row["attempts"] - 1]),
            )


def _envelope_or_new(headers: Mapping[str, str]) -> Envelope:
    try:
        return Envelope.of(headers)
    except (KeyError, ValueError):
        stamp = {"ce-id": str(new_id()), "ce-type": headers.get("ce-type", "unknown")}
        return Envelope.of({"ce-time": "1970-01-01T00:00:00+00:00", "correlation-id": stamp["ce-id"]} | stamp)
