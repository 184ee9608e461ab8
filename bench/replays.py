"""`replay`: `maillage replay observatory` of 1,000,000 facts into an empty observatory, its memory watched.

The limit is COPY of the same rows into a table of the same shape.
"""

import asyncio
import time
from datetime import UTC, date, datetime
from itertools import chain
from uuid import uuid4

import nats
import psutil
from rich.console import Group, RenderableType

from bench import facts
from bench.facts import must
from bench.house import House, last_words
from bench.measure import Line, console, throughput, throughput_table
from bench.sizes import size_of

GATHERINGS = 2_000
GROWTH = 1.5
"""How much more memory the second half may take than the first."""


async def run(house: House) -> tuple[RenderableType, list[Line]]:
    """Put the facts on the stream while the observatory is held still, replay, look at the figures."""
    size = size_of("replay")
    organisations = size // 10
    gatherings = [uuid4() for _ in range(GATHERINGS)]
    client = await nats.connect(house.nats["bench"])
    house.pause()
    try:
        js = client.jetstream(timeout=30, publish_async_max_pending=4_000)
        told = chain(facts.organisations(organisations), facts.registrations(size - organisations, gatherings))
        started = time.perf_counter()
        await facts.publish(js, told)
        console.print(f"  replay: {size} facts published in {time.perf_counter() - started:.0f} s", style="dim")
        seconds, halves = await _replayed(house, size)
        limit = await _copied(house, size)
    finally:
        house.resume()
        await client.close()
    found = await house.count("observatory", "SELECT least((SELECT count(*) FROM fact), (SELECT count(*) FROM state))")
    must(found == size, f"{size} facts on the stream, {found} replayed")
    async with house.client("observatory") as http:
        answer = (await http.get("/api/observatory/v1/indicators/registrations?by=department")).json()
    must(
        answer["value"] == size - organisations, f"{size - organisations} registrations, the figure: {answer['value']}"
    )
    must(sum(one["value"] for one in answer["by"]) == answer["value"], "a cut does not add up to its figure")
    must(halves[1] <= GROWTH * halves[0] + 20, f"the replay grew from {halves[0]:.0f} to {halves[1]:.0f} MiB")
    line = throughput("replay", f"{size} facts", size, seconds, limit, round(max(halves), 1))
    said = (
        f"{seconds:.1f} s, its start and its swap included; at most {halves[0]:.0f} MiB in its first half and "
        f"{halves[1]:.0f} in its second; registrations = {answer['value']}, COPY {limit:.1f} s"
    )
    return Group(throughput_table("replay: the figures from the stream alone (MiB: the command)", [line]), said), [line]


async def _replayed(house: House, size: int) -> tuple[float, tuple[float, float]]:
    """Seconds of the command, and its largest memory in each half of that time, in MiB."""
    environment = house.environment("observatory") | {"MAILLAGE_NATS_URL": house.nats["owner"]}
    started = time.perf_counter()
    child = await house.child(str(house.command), "replay", "observatory", log="replay", environment=environment)
    watched = psutil.Process(child.pid)
    seen: list[float] = []
    ended = asyncio.ensure_future(child.wait())
    while not ended.done():
        try:
            seen.append(watched.memory_info().rss / 2**20)
        except psutil.Error:
            break
        await asyncio.wait([ended], timeout=0.2)
    code = await ended
    seconds = time.perf_counter() - started
    said = last_words(house, "replay")
    must(code == 0 and f"{size} facts replayed" in said, f"maillage replay ended with {code}:\n{said}")
    middle = max(1, len(seen) // 2)
    return seconds, (max(seen[:middle]), max(seen[middle:] or [0.0]))


async def _copied(house: House, size: int) -> float:
    """As many rows of the same width into a table like `fact`, indexes included."""
    body = facts.one_body()
    moment, day = datetime.now(UTC), date(2026, 11, 22)
    rows = (
        (uuid4(), "bench.fact.v1", "events", "registration", uuid4(), 1, day, moment, False, "33", None, body)
        for _ in range(size)
    )
    async with house.connection("observatory") as connection:
        await connection.set_type_codec("jsonb", encoder=_jsonb, decoder=bytes, schema="pg_catalog", format="binary")
        await connection.execute("CREATE TABLE bench_fact (LIKE fact INCLUDING ALL)")
        started = time.perf_counter()
        await connection.copy_records_to_table("bench_fact", records=rows)
        seconds = time.perf_counter() - started
        held = await connection.fetchval("SELECT count(*) FROM bench_fact")
        await connection.execute("DROP TABLE bench_fact")
    must(held == size, f"COPY wrote {held} rows of {size}")
    return seconds


def _jsonb(said: str) -> bytes:
    return b"\x01" + said.encode()
