"""Product and limit in turn, in slices of a few seconds of the same run."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from bench.house import House, last_words, stop
from bench.load import NextRequest, Slice, flat_out
from bench.sizes import short
from shared.embedded.ports import free_port

SLICE_SECONDS = 0.4 if short() else 2.5
ROUNDS = 1 if short() else 2
CLIENTS = (1, 4) if short() else (1, 16, 64)

NONE = (None, None, None)
"""No latency: the bench counts how many a second."""

console = Console(highlight=False, width=120)


class Failed(Exception):
    """What was counted did not happen, or the product refused."""


@dataclass(slots=True)
class Target:
    """Where to post, what, and the status of success."""

    port: int
    next_request: NextRequest
    status: int
    accepted: int = 0
    """Answers that said yes since the start, warm-up included: as many rows must be found."""

    async def load(self, clients: int, seconds: float) -> Slice:
        """Post flat out; Failed at any answer that is not a success."""
        found = await flat_out(self.port, self.next_request, clients, seconds)
        strange = {status: count for status, count in found.statuses.items() if status != self.status}
        if strange:
            raise Failed(f"port {self.port} answered {strange}: {found.refused}")
        self.accepted += found.statuses[self.status]
        return found


@dataclass(frozen=True, slots=True)
class Case:
    """The same work, asked of the product and of the limit."""

    bench: str
    name: str
    ours: Target
    limit: Target


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the answer; the keys are those of BENCH.md."""

    bench: str
    case: str
    clients: int
    ours: float
    limit: float | None
    """None where a case has no limit of its own."""
    ratio: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    rss_mib: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A line, with what stands only in the table."""

    line: Line
    ours: Slice
    limit: Slice


async def measure(house: House, case: Case, clients: int) -> Measured:
    """Alternate product and limit; the product is held still while its limit is measured."""
    ours, limit = Slice(), Slice()
    for _ in range(ROUNDS):
        ours.add(await case.ours.load(clients, SLICE_SECONDS))
        house.pause()
        try:
            limit.add(await case.limit.load(clients, SLICE_SECONDS))
        finally:
            house.resume()
    rates = ours.rate(case.ours.status), limit.rate(case.limit.status)
    line = Line(
        case.bench,
        case.name,
        clients,
        round(rates[0], 1),
        round(rates[1], 1),
        round(rates[0] / rates[1], 3),
        *(round(ours.percentile_ms(percent), 1) for percent in (50, 95, 99)),
        round(house.rss_mib(), 1),
    )
    return Measured(line, ours, limit)


async def measure_all(house: House, cases: list[Case]) -> list[Measured]:
    """Every case at every number of clients, after a short warm-up of both sides."""
    found = []
    for case in cases:
        for target in (case.ours, case.limit):
            await target.load(4, 0.7)
        for clients in CLIENTS:
            found.append(await measure(house, case, clients))
            show_progress(found[-1])
    return found


def show_progress(one: Measured) -> None:
    """A line while it runs."""
    line = one.line
    console.print(f"  {line.bench} {line.case} {line.clients}: {line.ours}/s of {line.limit}/s", style="dim")


def table_of(title: str, measured: list[Measured]) -> Table:
    """What a person reads."""
    table = Table(title=title, title_justify="left")
    for name in ("case", "clients", "ours /s", "limit /s", "ratio", "p50 ms", "p95 ms", "p99 ms", "whole MiB"):
        table.add_column(name, justify="left" if name == "case" else "right")
    table.add_column("clients' CPU", justify="right")
    for one in measured:
        line = one.line
        figures = [line.ours, line.limit, line.ratio, line.p50_ms, line.p95_ms, line.p99_ms, line.rss_mib]
        shares = [f"{100 * side.client_seconds / side.seconds:.0f} %" for side in (one.ours, one.limit)]
        table.add_row(line.case, str(line.clients), *(f"{figure:g}" for figure in figures), " / ".join(shares))
    return table


def throughput(bench: str, case: str, count: int, ours: float, limit: float, rss_mib: float) -> Line:
    """A line of a bench that has no single answer to time: how many a second, of `count` in these seconds."""
    rates = count / ours, count / limit
    return Line(bench, case, 1, round(rates[0], 1), round(rates[1], 1), round(rates[0] / rates[1], 3), *NONE, rss_mib)


def throughput_table(title: str, lines: list[Line]) -> Table:
    """The same for a person."""
    table = Table(title=title, title_justify="left")
    for name in ("case", "processes", "ours /s", "limit /s", "ratio", "whole MiB"):
        table.add_column(name, justify="left" if name == "case" else "right")
    for line in lines:
        figures = (line.ours, line.limit, line.ratio, round(line.rss_mib, 1))
        table.add_row(line.case, str(line.clients), *(f"{one:g}" for one in figures))
    return table


def print_lines(lines: list[Line]) -> None:
    """JSON, last on stdout, one a case and client count."""
    for line in lines:
        sys.stdout.write(json.dumps(asdict(line), ensure_ascii=False) + "\n")
    sys.stdout.flush()


@asynccontextmanager
async def limit_app(house: House, kind: str, database: str) -> AsyncIterator[int]:
    """The bare app in its process; gives its port."""
    port = free_port()
    command = ("-m", "bench.limit", kind, house.databases[database], str(port))
    process = await house.child(*command, log=f"limit-{kind}", environment={})
    try:
        async with asyncio.timeout(20):
            while not await _listens(port):
                if process.returncode is not None:
                    raise Failed(f"the limit ended:\n{last_words(house, f'limit-{kind}')}")
                await asyncio.sleep(0.05)
        yield port
    finally:
        await stop(process)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
