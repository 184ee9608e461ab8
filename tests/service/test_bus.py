"""The bus, on a real stream: once each, parked with its reason, cured, never lost, never skipped in silence."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from uuid import UUID

import nats.errors
import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig

from services.embedded import House
from services.houses import CARDS
from shared.bus.bus import connect
from shared.bus.frame import Frame
from shared.bus.parking import ATTEMPTS
from shared.bus.pull import ConsumerGone, Pull
from shared.clock import new_id, today
from shared.contracts import FACTS
from shared.contracts.registry import AccessRevoked
from shared.db import Database, Row, Tx
from shared.errors import NotYetKnown
from tests.conftest import eventually

Rule = Callable[[UUID], Exception | None]


@dataclass
class Lab:
    """A consumer of its own on the real stream, whose handler fails as the test says."""

    db: Database
    client: Client
    frame: Frame
    pull: Pull
    seen: list[UUID] = field(default_factory=list)
    fails: Rule = lambda _token: None

    async def handle(self, event: AccessRevoked, _tx: Tx) -> None:
        error = self.fails(event.token_id)
        if error:
            raise error
        self.seen.append(event.token_id)

    async def say(self) -> UUID:
        """A fact that commits like any other, and whose story we can follow by its token."""
        token = new_id()
        async with self.db.transaction() as tx:
            tx.emit(AccessRevoked(occurred_on=today(), token_id=token))
        return token

    async def hear(self, seconds: float = 5) -> None:
        """Receive one batch through the frame."""
        async with asyncio.timeout(seconds):
            while not (batch := await self.pull.next_batch()):
                pass
            await self.frame.receive(batch)

    async def parked(self) -> list[Row]:
        async with self.db.reading() as tx:
            return await tx.fetch("SELECT * FROM parked WHERE consumer = $1", self.frame.consumer)

    async def make_due(self) -> None:
        async with self.db.transaction() as tx:
            await tx.execute("UPDATE parked SET next_at = now() WHERE consumer = $1", self.frame.consumer)


async def owner_of(house: House) -> Client:
    async def closed() -> None:
        return None

    return await connect(
        house.settings.model_copy(update={"nats_url": house.system.nats_url("owner")}), "owner", closed
    )


@pytest.fixture
async def lab(house: House) -> AsyncIterator[Lab]:
    client = await owner_of(house)
    name = f"lab-{new_id().hex[-12:]}"
    js = client.jetstream()
    config = ConsumerConfig(
        durable_name=name,
        filter_subject=AccessRevoked.subject_filter(house.settings.network),
        ack_policy=AckPolicy.EXPLICIT,
        deliver_policy="new",  # type: ignore[arg-type]
        ack_wait=60,
    )
    await js.add_consumer(FACTS, config)
    db = house.services["registry"].db
    made = Lab(db, client, Frame("registry", name, db, {}), Pull(client, FACTS, name))
    made.frame.handlers = {AccessRevoked: made.handle}
    await made.pull.open()
    yield made
    await js.delete_consumer(FACTS, name)
    await client.close()


async def test_a_fact_is_on_the_stream_with_its_sequence_written_back(lab: Lab) -> None:
    token = await lab.say()
    await lab.hear()
    assert lab.seen == [token]

    async def acknowledged() -> bool:
        async with lab.db.reading() as tx:
            return bool(await tx.fetchval("SELECT stream_seq > 0 FROM journal WHERE body LIKE $1", f"%{token}%"))

    assert await eventually(acknowledged)


async def test_a_fact_published_twice_is_handled_once(lab: Lab, house: House) -> None:
    token = await lab.say()
    await lab.hear()
    async with lab.db.reading() as tx:
        row = await tx.fetchrow("SELECT * FROM journal WHERE body LIKE $1", f"%{token}%")
    assert row is not None
    registry = await connect(house.services["registry"].settings, "registry", _closed)
    headers = {
        "ce-id": str(row["event_id"]),
        "ce-type": row["contract"],
        "ce-time": row["recorded_at"].isoformat(),
        "correlation-id": str(row["correlation_id"]),
    }
    await registry.jetstream().publish(row["subject"], row["body"].encode(), stream=FACTS, headers=headers)
    await registry.close()
    await lab.hear()
    assert lab.seen == [token]


async def _closed() -> None:
    return None


async def test_a_poison_fact_is_parked_with_its_reason_and_holds_up_nobody(lab: Lab) -> None:
    poison = await lab.say()
    lab.fails = lambda token: ValueError("no place for awa@puits.example") if token == poison else None
    good = [await lab.say(), await lab.say()]
    while len(lab.seen) < 2:
        await lab.hear()
    assert lab.seen == good
    (row,) = await lab.parked()
    assert row["attempts"] == 1
    assert row["reason"] == "ValueError: no place for …@…"


async def test_a_parked_fact_is_handled_once_cured(lab: Lab) -> None:
    lab.fails = lambda _token: ValueError("not today")
    token = await lab.say()
    await lab.hear()
    lab.fails = lambda _token: None
    await lab.make_due()
    assert await lab.frame.parking.try_due()
    assert lab.seen == [token]
    assert await lab.parked() == []


async def test_attempts_are_bounded_and_end_as_a_dead_letter(lab: Lab) -> None:
    lab.fails = lambda _token: ValueError("never")
    await lab.say()
    await lab.hear()
    for _ in range(ATTEMPTS - 1):
        await lab.make_due()
        assert await lab.frame.parking.try_due()
    (row,) = await lab.parked()
    assert (row["attempts"], row["next_at"]) == (ATTEMPTS, None)
    assert not await lab.frame.parking.try_due()


async def test_an_attempt_that_kills_its_process_is_counted(lab: Lab) -> None:
    lab.fails = lambda _token: ValueError("first")
    await lab.say()
    await lab.hear()
    lab.fails = lambda _token: asyncio.CancelledError()  # type: ignore[return-value]
    await lab.make_due()
    with pytest.raises(asyncio.CancelledError):
        await lab.frame.parking.try_due()
    (row,) = await lab.parked()
    assert row["attempts"] == 2


async def test_what_is_not_yet_known_waits_without_spending_an_attempt(lab: Lab) -> None:
    lab.fails = lambda _token: NotYetKnown("its gathering")
    token = await lab.say()
    await lab.hear()
    for _ in range(ATTEMPTS + 2):
        await lab.make_due()
        await lab.frame.parking.try_due()
    (row,) = await lab.parked()
    assert row["attempts"] == 0
    assert row["next_at"] is not None
    lab.fails = lambda _token: None
    await lab.make_due()
    await lab.frame.parking.try_due()
    assert lab.seen == [token]


async def test_an_unreadable_message_is_a_dead_letter_at_once(lab: Lab, house: House) -> None:
    registry = await connect(house.services["registry"].settings, "registry", _closed)
    subject = AccessRevoked.subject_filter(house.settings.network)
    await registry.jetstream().publish(subject, b"\x00 not json", stream=FACTS, headers={"ce-type": "what"})
    await registry.close()
    await lab.hear()
    (row,) = await lab.parked()
    assert row["next_at"] is None
    assert row["reason"].startswith("unreadable")


async def test_a_consumer_that_is_gone_is_noticed(lab: Lab) -> None:
    gone = Pull(lab.client, FACTS, "nobody-facts")
    await gone.open()
    with pytest.raises(ConsumerGone):
        async with asyncio.timeout(15):
            while True:
                await gone.next_batch()


@pytest.mark.parametrize("speaker", sorted(CARDS))
async def test_a_service_may_say_its_own_facts_and_no_other(house: House, speaker: str) -> None:
    refused: list[str] = []
    settings = house.services[speaker].settings
    client = await nats.connect(
        settings.nats_url, inbox_prefix=f"_INBOX_{speaker}".encode(), error_cb=_noting(refused), allow_reconnect=False
    )
    network = settings.network
    for other in sorted(CARDS):
        for subject in (f"maillage.{network}.{other}.probe.v0", f"people.{network}.{other}.probe.v0.p1"):
            await client.publish(subject, b"", headers={"Nats-Expected-Stream": "NOWHERE"})
    await client.publish("$JS.API.STREAM.PURGE.PEOPLE", b"")
    await client.publish("$JS.API.STREAM.DELETE.FACTS", b"")
    await client.flush()

    async def all_refused() -> bool:
        return len(refused) >= 8

    await eventually(all_refused, 5)
    await client.close()
    assert sum(f".{speaker}." in words for words in refused) == 0
    for other in set(CARDS) - {speaker}:
        assert sum(f".{network}.{other}." in words for words in refused) == 2
    assert sum("$js.api.stream" in words.lower() for words in refused) == 2


def _noting(refused: list[str]) -> Callable[[Exception], "asyncio.Future[None]"]:
    async def note(error: Exception) -> None:
        refused.append(str(error))

    return note  # type: ignore[return-value]
