"""`indicators`: every figure and cut over 1,000,000 facts, while figures move, and what is known already (304).

A tenth of the facts are structures. The limits, on one connection: every cell of the tally read by hand, and the same
figures counted from the states (GROUP BY), as they were before the tally.
"""

import asyncio
import contextlib

import asyncpg
import httpx
import nats
from rich.console import Group, RenderableType

from bench import facts, filling
from bench.facts import must
from bench.house import House
from bench.measure import Line
from bench.reading import Reading, read, reading_table
from bench.sizes import size_of
from services.observatory.domain import Scope
from services.observatory.indicators import INDICATORS
from shared.db import Tx

API = "/api/observatory/v1/indicators"
MOVES_A_SECOND = 10
CELLS = """SELECT indicator, cut, why, note, key, sum(value), sum(n) FROM tally
           WHERE cut NOT IN ('organisation', 'gathering', 'campaign') GROUP BY 1, 2, 3, 4, 5"""


def cuts() -> list[str]:
    """Every figure, and every cut of each."""
    found = [f"{API}/{one.id}" for one in INDICATORS.values()]
    return found + [f"{API}/{one.id}?by={by}" for one in INDICATORS.values() for by in one.dimensions]


async def all_cells(connection: asyncpg.Connection) -> object:
    """The whole cube, from the counts kept."""
    return await connection.fetch(CELLS)


async def counted_again(connection: asyncpg.Connection) -> object:
    """One cut of the largest figures, from the states."""
    tx = Tx(connection, "")
    await INDICATORS["registrations"].count(tx, "department", Scope())
    return await INDICATORS["organisations"].count(tx, "sdg", Scope())


async def run(house: House) -> tuple[RenderableType, list[Line]]:
    """Fill, read while facts come, then check the figures against the rows."""
    size = size_of("indicators")
    await filling.fill_figures(house, size)
    lines = []
    async with moving(house):
        for case in (
            Reading("indicators", "every cut", cuts(), all_cells),
            Reading("indicators", "two cuts counted again", cuts(), counted_again),
            Reading("indicators", "all figures", [API], all_cells),
            Reading("indicators", "barometer", ["/observatoire"]),
            Reading("indicators", "pages", [f"/observatoire/{name}" for name in INDICATORS]),
        ):
            lines.append(await read(house, "observatory", case))
        lines.append(await read(house, "observatory", Reading("indicators", "every cut", cuts(), all_cells), 16))
    lines.append(await _known_already(house))
    return Group(reading_table(f"indicators: {size} facts", lines), await figures_are_rows(house)), lines


@contextlib.asynccontextmanager
async def moving(house: House):  # type: ignore[no-untyped-def]
    """Registrations come all the while: what a process keeps of its answers is forgotten at each."""
    client = await nats.connect(house.nats["bench"])
    js = client.jetstream(timeout=10)
    gathering = (await house.rows("observatory", "SELECT gathering_id FROM gathering LIMIT 1"))[0][0]

    async def move() -> None:
        while True:
            await facts.publish(js, facts.registrations(1, [gathering]))
            await asyncio.sleep(1 / MOVES_A_SECOND)

    task = asyncio.create_task(move())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.close()


async def _known_already(house: House) -> Line:
    """The same figure asked again by whoever has it: 304, while nothing moves."""
    address = f"{API}/organisations?by=sdg"
    async with house.client("observatory") as client:
        await asyncio.sleep(1)
        tag = (await client.get(address)).headers["etag"]
    case = Reading("indicators", "304", [address], None, f"If-None-Match: {tag}\r\n", 304)
    return await read(house, "observatory", case)


async def figures_are_rows(house: House) -> str:
    """The public figures are what the rows say, counted otherwise than the product counts."""
    wanted = {
        "organisations": """SELECT count(*) FROM state
                            WHERE aggregate = 'organisation' AND body ->> 'status' = 'published'""",
        "registrations": """SELECT count(*) FROM state
                            WHERE aggregate = 'registration' AND body ->> 'status' = 'confirmed'""",
        "gatherings": "SELECT count(*) FROM state WHERE aggregate = 'gathering'",
        "participants": """SELECT sum((body -> 'declared_counts' -> 0 ->> 'n')::int) FROM state
                           WHERE aggregate = 'gathering'""",
    }
    said = []
    async with house.client("observatory") as client:
        for name, query in wanted.items():
            for _ in range(50):
                rows = await house.count("observatory", query)
                value = await figure(client, name)
                if value == rows:
                    break
                await asyncio.sleep(0.2)
            must(value == rows, f"{name}: {rows} rows, the figure says {value}")
            said.append(f"{name} {value}")
    return f"figures = rows: {', '.join(said)}"


async def figure(client: httpx.AsyncClient, name: str) -> int:
    """What the public API says."""
    answer = await client.get(f"{API}/{name}")
    answer.raise_for_status()
    return int(answer.json()["value"])
