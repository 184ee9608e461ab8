"""The limit of `figure`: a row committed to a journal, published, acknowledged, pulled; nothing else."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import nats
from nats.js.api import AckPolicy, ConsumerConfig, StorageType, StreamConfig
from nats.js.client import JetStreamContext

from bench.house import House
from bench.limit_rows import BODIES
from shared.bus.pull import Pull
from shared.clock import new_id

STREAM, SUBJECT, DURABLE = "BENCH", "bench.fact", "bench"
PAYLOAD = BODIES["events"][0].encode()


class BareRelay:
    """One connection that commits, one that carries, one consumer."""

    def __init__(self, writing: asyncpg.Connection, carrying: asyncpg.Connection, js: JetStreamContext) -> None:
        self.writing = writing
        self.carrying = carrying
        self.js = js
        self.bell = asyncio.Event()
        self.committed: dict[str, float] = {}
        self.latencies: list[float] = []

    async def commit(self) -> None:
        """A journal row of its own transaction."""
        event_id = new_id()
        await self.writing.execute(
            """INSERT INTO journal (event_id, stream, contract, subject, correlation_id, recorded_at, body)
               VALUES ($1, $2, 'bench', $3, $1, $4, $5)""",
            event_id,
            STREAM,
            SUBJECT,
            datetime.now(UTC),
            PAYLOAD.decode(),
        )
        self.committed[str(event_id)] = time.perf_counter()
        self.bell.set()

    async def carry(self) -> None:
        """Publish what waits, write the sequences back, wait for the bell."""
        while True:
            self.bell.clear()
            rows = await self.carrying.fetch(
                "SELECT position, event_id, body FROM journal WHERE stream_seq IS NULL ORDER BY position LIMIT 500"
            )
            if not rows:
                await self.bell.wait()
                continue
            sent = [
                await self.js.publish_async(
                    SUBJECT, row["body"].encode(), headers={"Nats-Msg-Id": str(row["event_id"])}
                )
                for row in rows
            ]
            acknowledged = await asyncio.gather(*sent)
            await self.carrying.execute(
                """UPDATE journal SET stream_seq = sent.seq
                   FROM unnest($1::bigint[], $2::bigint[]) AS sent (position, seq)
                   WHERE journal.position = sent.position""",
                [row["position"] for row in rows],
                [one.seq for one in acknowledged],
            )

    async def receive(self, pull: Pull) -> None:
        """Take each message and say when it came."""
        while True:
            for message in await pull.next_batch():
                came = time.perf_counter()
                await message.ack()
                committed = self.committed.pop((message.headers or {})["Nats-Msg-Id"], came)
                self.latencies.append(max(0.0, came - committed))


@asynccontextmanager
async def bare_relay(house: House) -> AsyncIterator[BareRelay]:
    """The limit, on a stream of its own with the same storage."""
    client = await nats.connect(house.nats["bench"])
    js = client.jetstream(timeout=10)
    await js.add_stream(StreamConfig(name=STREAM, subjects=["bench.>"], storage=StorageType.FILE))
    consumer = ConsumerConfig(durable_name=DURABLE, ack_policy=AckPolicy.EXPLICIT, max_ack_pending=2_000)
    await js.add_consumer(STREAM, consumer)
    url = house.databases["limit_figure"]
    writing, carrying = await asyncpg.connect(url), await asyncpg.connect(url)
    relay, pull = BareRelay(writing, carrying, js), Pull(client, STREAM, DURABLE)
    await pull.open()
    tasks = [asyncio.create_task(relay.carry()), asyncio.create_task(relay.receive(pull))]
    try:
        yield relay
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await writing.close()
        await carrying.close()
        await client.close()
