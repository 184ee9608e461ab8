"""Rebuild the figures from the stream alone: the same handlers into a second schema, swapped in once level."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.client import JetStreamContext

from services.observatory import CARD
from services.observatory.domain import ReplayIncomplete, ReplayUnderWay
from services.observatory.handlers import HANDLERS
from shared.bus.frame import Frame
from shared.contracts import FACTS
from shared.db import Database, Tx

BATCH = 500
SCHEMA = "replay"
_LOCK = 7_215_904

Telling = Callable[[int, int], None]
"""Told how many facts were replayed, of how many."""


class Reader:
    """Everything the observatory hears, from the first fact, by a consumer that leaves no trace."""

    def __init__(self, js: JetStreamContext, network: str, corrections: Mapping[str, bytes]) -> None:
        self.js = js
        self.network = network
        self.corrections = corrections
        """What a person corrected of a dead letter, by the fact's id: the stream goes on saying it as it was said."""

    async def __aenter__(self) -> "Reader":
        config = ConsumerConfig(
            filter_subjects=[shape.subject_filter(self.network) for shape in CARD.hears(FACTS)],
            ack_policy=AckPolicy.NONE,
            inactive_threshold=120,
            mem_storage=True,
        )
        self.name = (await self.js.add_consumer(FACTS, config)).name
        self.subscription = await self.js.pull_subscribe_bind(self.name, FACTS)
        return self

    async def __aexit__(self, *_error: object) -> None:
        with suppress(Exception):
            await self.subscription.unsubscribe()
            await self.js.delete_consumer(FACTS, self.name)

    async def pending(self) -> int:
        """Facts not read yet."""
        return (await self.js.consumer_info(FACTS, self.name)).num_pending or 0

    async def drain(self, frame: Frame, tell: Callable[[int], None]) -> None:
        """Hand every fact there is to the frame, in batches; memory holds one."""
        while left := await self.pending():
            while left > 0:
                try:
                    messages = await self.subscription.fetch(min(BATCH, left), timeout=5)
                except NatsTimeout:
                    break
                for message in messages:
                    message.data = self.corrections.get((message.headers or {}).get("ce-id", ""), message.data)
                await frame.receive(messages)
                left -= len(messages)
                tell(len(messages))


async def replay(db: Database, client: Client, network: str, tell: Telling) -> int:
    """Rebuild and swap; returns how many facts were replayed. Raises ReplayUnderWay or ReplayIncomplete."""
    second = Database(in_schema(db.url, SCHEMA), db.network, 2)
    async with db.connection() as guard:
        if not await guard.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            raise ReplayUnderWay()
        try:
            async with db.transaction() as tx:
                await tx.execute("SELECT start_replay()")
            await second.open()
            async with Reader(client.jetstream(timeout=10), network, await _corrections(db)) as reader:
                return await _rebuild(db, second, reader, tell)
        finally:
            await second.close()
            with suppress(Exception):
                await guard.execute("SELECT drop_replay()")
            await guard.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def _corrections(db: Database) -> dict[str, bytes]:
    async with db.reading() as tx:
        rows = await tx.fetch("SELECT event_id, body FROM correction WHERE consumer = $1", CARD.durable(FACTS))
    return {str(row["event_id"]): row["body"].encode() for row in rows}


async def _rebuild(db: Database, second: Database, reader: Reader, tell: Telling) -> int:
    frame = Frame(CARD.name, CARD.durable(FACTS), second, HANDLERS)
    total, done = await reader.pending(), 0

    def count(n: int) -> None:
        nonlocal done
        done += n
        tell(done, max(total, done))

    await reader.drain(frame, count)
    async with second.transaction() as tx:
        await tx.execute("SELECT count_from_now_on()")
    async with db.transaction() as tx:
        await tx.execute("SELECT hold_projections()")
        await reader.drain(frame, count)
        await _swap(tx)
    return done


async def _swap(tx: Tx) -> None:
    consumer = CARD.durable(FACTS)
    if await tx.fetchval("SELECT replay_lacks($1)", consumer):
        raise ReplayIncomplete()
    await tx.execute("SELECT swap_replay($1)", consumer)


def in_schema(url: str, schema: str) -> str:
    """The same database, where names are looked up in `schema` first."""
    return f"{url}{'&' if '?' in url else '?'}search_path={schema},public"
