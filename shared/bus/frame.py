"""The frame around handlers: once each, in batches, and what fails is parked with its reason. Seen once, here."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

import structlog
from nats.aio.msg import Msg
from pydantic import ValidationError

from shared.bus.parking import Parking
from shared.card import Handler, InBatches
from shared.contracts import PEOPLE, DomainEvent, Envelope, UnknownContract, parse
from shared.db import Database, Tx
from shared.errors import NotYetKnown, Unavailable
from shared.log import follow
from shared.metrics import HANDLED

DELIVERIES_WITHOUT_VERDICT = 20

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Received:
    """A message made readable."""

    event: DomainEvent
    envelope: Envelope
    message: Msg


class Frame:
    """Runs a service's handlers for one consumer."""

    def __init__(
        self, service: str, consumer: str, db: Database, handlers: Mapping[type[DomainEvent], Handler]
    ) -> None:
        self.service = service
        self.consumer = consumer
        self.db = db
        self.handlers = handlers
        self.parking = Parking(service, consumer, db, self.handle_one)

    async def receive(self, messages: list[Msg]) -> None:
        """Handle each message once and acknowledge it; waits here, without spending an attempt, for the database."""
        pause = 0.2
        while True:
            try:
                await self._settle(messages)
                break
            except Unavailable:
                await asyncio.gather(*(message.in_progress() for message in messages), return_exceptions=True)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5)
        for message in messages:
            await message.ack()

    async def _settle(self, messages: list[Msg]) -> None:
        received = [readable for message in messages if (readable := await self._read(message)) is not None]
        if not received:
            return
        try:
            await self._handle_together(received)
        except Unavailable:
            raise
        except Exception:
            for one in received:
                await self._handle_or_park(one)

    async def _read(self, message: Msg) -> Received | None:
        """The event in a message; an unreadable one becomes a dead letter at once."""
        headers = message.headers or {}
        try:
            envelope = Envelope.of(headers)
            event = parse(envelope.contract, message.data)
        except (KeyError, ValueError, UnknownContract, ValidationError) as error:
            await self.parking.bury(message.subject, headers, message.data, f"unreadable: {_fault(error)}")
            self._count(headers.get("ce-type", "unknown"), "dead")
            return None
        if message.metadata.num_delivered > DELIVERIES_WITHOUT_VERDICT:
            reason = f"delivered {message.metadata.num_delivered} times without a verdict"
            await self.parking.park(Received(event, envelope, message), reason)
            return None
        return Received(event, envelope, message)

    async def _handle_together(self, received: list[Received]) -> None:
        await self._handle({one.envelope.event_id: (one.event, one.envelope) for one in received})
        for one in received:
            self._count(one.envelope.contract, "handled")

    async def _handle_or_park(self, one: Received) -> None:
        try:
            await self.handle_one(one.event, one.envelope)
            self._count(one.envelope.contract, "handled")
        except Unavailable:
            raise
        except NotYetKnown as error:
            await self.parking.park(one, f"not yet known: {error}", counted=False)
            self._count(one.envelope.contract, "waiting")
        except Exception as error:
            log.warning("handler failed", service=self.service, contract=one.envelope.contract, exc_info=error)
            await self.parking.park(one, f"{type(error).__name__}: {error}")
            self._count(one.envelope.contract, "parked")

    async def handle_one(self, event: DomainEvent, envelope: Envelope) -> None:
        """Handle one event in a transaction of its own, unless the inbox says it was."""
        await self._handle({envelope.event_id: (event, envelope)})

    async def _handle(self, told: dict[UUID, tuple[DomainEvent, Envelope]]) -> None:
        async with self.db.transaction() as tx:
            fresh = await tx.fetch(
                """INSERT INTO inbox (consumer, event_id) SELECT $1, unnest($2::uuid[])
                   ON CONFLICT DO NOTHING RETURNING event_id""",
                self.consumer,
                list(told),
            )
            todo = (told[row["event_id"]] for row in fresh)
            for handler, group in groupby(todo, key=lambda one: self.handlers.get(type(one[0]))):
                if isinstance(handler, InBatches):
                    await handler.together(list(group), tx)
                else:
                    for event, envelope in group:
                        await self._call(event, envelope, tx)

    async def _call(self, event: DomainEvent, envelope: Envelope, tx: Tx) -> None:
        tx.cause = envelope
        follow(envelope.correlation_id)
        if handler := self.handlers.get(type(event)):
            await handler(event, tx)
        if event.stream == PEOPLE:
            log.info("handled", service=self.service, contract=envelope.contract, event_id=str(envelope.event_id))

    def _count(self, contract: str, outcome: str) -> None:
        HANDLED.labels(self.service, contract, outcome).inc()


def _fault(error: Exception) -> str:
    """What is wrong with a message, without a word of what it says."""
    wrong = error.errors()[:5] if isinstance(error, ValidationError) else []
    fields = (f"{'.'.join(str(part) for part in one['loc'])} {one['type']}" for one in wrong)
    return ", ".join((type(error).__name__, *fields))
