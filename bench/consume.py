"""`consume`: how fast each service takes facts in, its projection written, its inbox marked, its answer given.

All four are held still while facts are put on the stream; then each runs alone until its consumer owes nothing. The
limit pulls the same messages by the same pull, reads them with pydantic and acknowledges, without a database.
"""

import asyncio
import time

import nats
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig
from rich.console import Group, RenderableType

from bench import facts
from bench.facts import must
from bench.house import House
from bench.measure import Line, console, throughput, throughput_table
from bench.servers import NETWORK
from bench.sizes import size_of
from services.houses import CARDS
from shared.bus.pull import Pull
from shared.card import Card
from shared.contracts import FACTS, Envelope, parse

PATIENCE_SECONDS = 900
REGISTRY_SHARE = 10
"""The registry hears revoked accesses alone: one fact in as many is one."""
MARKED = "SELECT pg_xact_commit_timestamp(xmin), count(*) FROM inbox WHERE consumer = $1 GROUP BY 1"
PROJECTIONS = {
    "registry": "SELECT count(*) FROM revocation",
    "events": "SELECT count(*) FROM known_organisation",
    "mailing": "SELECT count(*) FROM known_organisation",
    "observatory": "SELECT least((SELECT count(*) FROM fact), (SELECT count(*) FROM state))",
}


async def run(house: House) -> tuple[RenderableType, list[Line]]:
    """Publish, then let each service and its limit take everything in, in turn."""
    size = size_of("consume")
    revoked = max(1, size // REGISTRY_SHARE)
    before = {name: await house.count(name, PROJECTIONS[name]) for name in CARDS}
    client = await nats.connect(house.nats["bench"])
    house.pause()
    lines, told = [], []
    try:
        js = client.jetstream(timeout=10, publish_async_max_pending=4_000)
        for shape in (facts.revocations(revoked), facts.organisations(size)):
            await facts.publish(js, shape)
        for name, card in CARDS.items():
            heard = revoked if name == "registry" else revoked + size
            limit = await _bare(client, card, heard)
            house.resume(name)
            ours = await _drained(house, client, card)
            house.pause(name)
            written = await house.count(name, PROJECTIONS[name]) - before[name]
            wanted = revoked if name == "registry" else size
            must(written == wanted, f"{name}: {wanted} facts heard, {written} in its projection")
            lines.append(throughput("consume", name, heard, ours, limit, house.rss_mib()))
            told.append(f"{name}: {heard} facts heard, {written} rows of its projection")
            console.print(f"  {told[-1]}: {lines[-1].ours}/s of {lines[-1].limit}/s", style="dim")
    finally:
        house.resume()
        await client.close()
    return Group(throughput_table("consume: from the stream to the projection", lines), *told), lines


async def _bare(client: Client, card: Card, count: int) -> float:
    """Seconds to pull, read and acknowledge what a service would."""
    js = client.jetstream(timeout=10)
    name = f"bare-{card.name}"
    filters = [shape.subject_filter(NETWORK) for shape in card.hears(FACTS)]
    config = ConsumerConfig(
        durable_name=name, filter_subjects=filters, ack_policy=AckPolicy.EXPLICIT, max_ack_pending=2_000
    )
    made = await js.add_consumer(FACTS, config)
    left = (made.num_pending or 0) - count
    pull = Pull(client, FACTS, name)
    await pull.open()
    while left > 0:  # what the stream held before
        for message in await pull.next_batch():
            await message.ack()
            left -= 1
    seen, started = -left, time.perf_counter()
    while seen < count:
        for message in await pull.next_batch():
            parse(Envelope.of(message.headers or {}).contract, message.data)
            await message.ack()
            seen += 1
    seconds = time.perf_counter() - started
    await js.delete_consumer(FACTS, name)
    return seconds


async def _drained(house: House, client: Client, card: Card) -> float:
    """Seconds it took, by the commits that marked the inbox."""
    js = client.jetstream(timeout=10)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        told = await js.consumer_info(FACTS, card.durable(FACTS))
        owed = (told.num_pending or 0) + (told.num_ack_pending or 0)
        if owed == 0:
            return await house.spread(card.name, MARKED, card.durable(FACTS))
        must(time.monotonic() < deadline, f"{card.name} still owes {owed} facts after {PATIENCE_SECONDS} s")
        await asyncio.sleep(0.1)
