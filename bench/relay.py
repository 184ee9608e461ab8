"""`relay`: how fast committed facts reach the stream, each acknowledged and its sequence written back.

The product is the registry's own process, which finds rows waiting in its journal. The limit is nats-py's asynchronous
publication of the same bodies under the same headers to the same stream, without a database.
"""

import asyncio
import time

import nats
from nats.js.client import JetStreamContext
from rich.console import Group, RenderableType

from bench import facts
from bench.facts import must
from bench.house import House
from bench.measure import Line, console, throughput, throughput_table
from bench.servers import NETWORK
from bench.sizes import size_of
from shared.clock import new_id, now
from shared.contracts import FACTS

ROUNDS = 2
PATIENCE_SECONDS = 600
CARRIED = "SELECT pg_xact_commit_timestamp(xmin), count(*) FROM journal WHERE position > $1 GROUP BY 1"


async def run(house: House) -> tuple[RenderableType, list[Line]]:
    """Fill the journal while the product is held still, let it drain, then publish as many without it."""
    each = size_of("relay") // ROUNDS
    ours = limit = 0.0
    client = await nats.connect(house.nats["bench"])
    js = client.jetstream(timeout=10, publish_async_max_pending=4_000)
    before = (await js.stream_info(FACTS)).state.messages
    house.pause()
    try:
        for done in range(1, ROUNDS + 1):
            last = await house.count("registry", "SELECT coalesce(max(position), 0) FROM journal")
            await _commit(house, each)
            house.resume("registry")
            ours += await _drained(house, last)
            house.pause("registry")
            limit += await _published(js, each)
            console.print(f"  relay: {done * each / ours:.0f}/s of {done * each / limit:.0f}/s", style="dim")
        rows = await house.count("registry", "SELECT count(DISTINCT stream_seq) FROM journal")
        found = (await js.stream_info(FACTS)).state.messages - before
    finally:
        house.resume()
        await client.close()
    must(rows == ROUNDS * each, f"{ROUNDS * each} rows committed, {rows} have a sequence of their own")
    must(found == 2 * rows, f"{2 * rows} facts wanted on the stream, {found} found")
    line = throughput("relay", "drain", ROUNDS * each, ours, limit, house.rss_mib())
    said = f"{rows} rows, each with its own sequence; as many again published bare; {found} more on the stream"
    return Group(throughput_table("relay: from the journal to the acknowledged stream", [line]), said), [line]


async def _commit(house: House, count: int) -> None:
    columns = ("event_id", "stream", "contract", "subject", "correlation_id", "recorded_at", "body")
    rows = [
        (new_id(), FACTS, one.contract(), one.subject(NETWORK), new_id(), now(), one.model_dump_json(exclude_none=True))
        for one in facts.organisations(count)
    ]
    await house.copy("registry", "journal", columns, rows)


async def _drained(house: House, last: int) -> float:
    """Seconds it took, by the commits that wrote the sequences back."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while await house.count("registry", "SELECT count(*) FROM journal WHERE stream_seq IS NULL"):
        must(time.monotonic() < deadline, f"the relay left rows after {PATIENCE_SECONDS} s")
        await asyncio.sleep(0.1)
    return await house.spread("registry", CARRIED, last)


async def _published(js: JetStreamContext, count: int) -> float:
    wanted = list(facts.organisations(count))
    started = time.perf_counter()
    done = await facts.publish(js, wanted)
    must(done == count, f"{count} published, {done} acknowledged")
    return time.perf_counter() - started
