"""`growth`: what one form, one search and one figure cost at 1,000 rows and at 1,000,000: the aim is flat.

`limit` is the same operation of the same run at the smallest size, `ours` at this size, both p50 in ms, and `ratio` is
limit over ours: 0.5 is a cost that doubled.
"""

import asyncio

from rich.console import Group, RenderableType
from rich.table import Table

from bench import filling
from bench.directory import API, MISTYPED, PAGE, WORDS
from bench.facts import must
from bench.forms import API as FORMS
from bench.forms import posts
from bench.house import House
from bench.indicators import cuts, figures_are_rows, moving
from bench.load import flat_out
from bench.measure import Line, console
from bench.reading import SECONDS, Reading, percentile, read
from bench.sizes import size_of

SMALLEST = 1_000


def sizes() -> list[int]:
    """1,000, then ten times more each time, up to the size asked for."""
    last = size_of("growth")
    found = [SMALLEST]
    while found[-1] * 10 <= last:
        found.append(found[-1] * 10)
    return found if found[-1] == last else [*found, last]


async def run(house: House) -> tuple[RenderableType, list[Line]]:
    """Fill, measure, fill more."""
    first: dict[str, float] = {}
    lines: list[Line] = []
    start = accepted = 0
    for size in sizes():
        await asyncio.gather(
            filling.fill(house, "registry", filling.REQUESTS, start + 1, size, "g"),
            filling.fill_directory(house, size, start),
            filling.fill_figures(house, size, start),
        )
        start = size
        async with house.client("registry") as client:
            (await client.get(API)).raise_for_status()
        found = [await _form(house, size)]
        accepted += found[0][1]
        for name, service, addresses in (
            ("search", "registry", [f"{API}?q={one}" for one in WORDS]),
            ("mistyped", "registry", [f"{API}?q={one}" for one in MISTYPED]),
            ("directory page", "registry", [PAGE]),
        ):
            found.append((await read(house, service, Reading("growth", name, addresses)), 0))
        async with moving(house):
            found.append((await read(house, "observatory", Reading("growth", "every cut", cuts())), 0))
        for line, _n in found:
            first.setdefault(line.case, line.ours)
            lines.append(_beside(line, first[line.case], size))
        await _checked(house, size, accepted)
        console.print(f"  growth: {size} rows measured", style="dim")
    return Group(
        _table(lines), f"{start} requests, structures and facts, and {accepted} forms accepted meanwhile"
    ), lines


async def _form(house: House, size: int) -> tuple[Line, int]:
    found = await flat_out(house.ports["registry"], posts(FORMS, False), 1, SECONDS)
    must(set(found.statuses) == {201}, f"growth forms at {size}: {dict(found.statuses)} {found.refused}")
    ordered = sorted(found.latencies)
    p50, p95, p99 = (percentile(ordered, percent) for percent in (50, 95, 99))
    return Line("growth", "form", 1, p50, 0.0, 0.0, p50, p95, p99, round(house.rss_mib(), 1)), found.statuses[201]


def _beside(line: Line, first: float, size: int) -> Line:
    changed = {"case": f"{line.case} at {size}", "limit": first, "ratio": round(first / line.ours, 3)}
    return Line(*(changed.get(name, getattr(line, name)) for name in Line.__slots__))


async def _checked(house: House, size: int, accepted: int) -> None:
    rows = await house.count("registry", "SELECT count(*) FROM listing_request")
    must(rows == size + accepted, f"{size} requests and {accepted} forms, {rows} rows")
    async with house.client("registry") as client:
        total = (await client.get(API)).json()["total"]
    must(total == size, f"{size} structures, the directory says {total}")
    await figures_are_rows(house)


def _table(lines: list[Line]) -> Table:
    table = Table(title="growth: p50 in ms, and how much it grew since the smallest size", title_justify="left")
    for name in ("case", "p50 ms", "p95 ms", "times the first"):
        table.add_column(name, justify="left" if name == "case" else "right")
    for line in lines:
        table.add_row(line.case, f"{line.p50_ms:g}", f"{line.p95_ms:g}", f"{line.ours / line.limit:.2f}")
    return table
