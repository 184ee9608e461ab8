"""What a reader waits for: the product by HTTP beside the same reading by hand on one connection."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg
from rich.table import Table

from bench.facts import must
from bench.house import House
from bench.load import flat_out, get
from bench.measure import Line, console
from bench.sizes import short

SECONDS = 0.5 if short() else 3.0
ROUNDS = 1 if short() else 2
ByHand = Callable[[asyncpg.Connection], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Reading:
    """A case: addresses asked for in turn, the status of each answer, and the same by hand (None: no limit)."""

    bench: str
    name: str
    addresses: list[str]
    by_hand: ByHand | None = None
    headers: str = ""
    status: int = 200


async def read(house: House, service: str, one: Reading, clients: int = 1) -> Line:
    """Milliseconds: `ours` and `limit` are p50, `ratio` is limit over ours; readers and the hand in turn."""
    turn = 0

    def next_request() -> bytes:
        nonlocal turn
        turn += 1
        return get(one.addresses[turn % len(one.addresses)], one.headers)

    latencies: list[float] = []
    by_hand: list[float] = []
    async with house.connection(service) as connection:
        await flat_out(house.ports[service], next_request, 1, 0.3)
        for _ in range(ROUNDS):
            found = await flat_out(house.ports[service], next_request, clients, SECONDS)
            must(set(found.statuses) == {one.status}, f"{one.bench} {one.name}: {dict(found.statuses)} {found.refused}")
            latencies += found.latencies
            if one.by_hand is not None:
                by_hand += await _by_hand(connection, one.by_hand)
    latencies.sort()
    limit = percentile(sorted(by_hand), 50) if by_hand else None
    p50, p95, p99 = (percentile(latencies, percent) for percent in (50, 95, 99))
    ratio = round(limit / p50, 3) if limit and p50 else None
    line = Line(one.bench, one.name, clients, p50, limit, ratio, p50, p95, p99, round(house.rss_mib(), 1))
    console.print(f"  {one.bench} {one.name} {clients}: p50 {p50} p95 {p95} ms, by hand {limit} ms", style="dim")
    return line


async def _by_hand(connection: asyncpg.Connection, work: ByHand) -> list[float]:
    taken = []
    until = time.perf_counter() + SECONDS / 2
    while time.perf_counter() < until or not taken:
        started = time.perf_counter()
        await work(connection)
        taken.append(time.perf_counter() - started)
        await asyncio.sleep(0)
    return taken


def percentile(ordered: list[float], percent: float) -> float:
    """In milliseconds, of seconds already in order."""
    return round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))], 2)


def reading_table(title: str, lines: list[Line]) -> Table:
    """For a person."""
    table = Table(title=title, title_justify="left")
    for name in ("case", "clients", "p50 ms", "p95 ms", "p99 ms", "by hand p50 ms", "ratio", "whole MiB"):
        table.add_column(name, justify="left" if name == "case" else "right")
    for line in lines:
        figures = (line.p50_ms, line.p95_ms, line.p99_ms, line.limit, line.ratio, line.rss_mib)
        table.add_row(line.case, str(line.clients), *("–" if one is None else f"{one:g}" for one in figures))
    return table
