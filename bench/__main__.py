"""`python -m bench [NAME ...] [--short] [--size N]`: run all or some, tables first, JSON lines last on stdout."""

import argparse
import os
import sys
from collections.abc import Awaitable, Callable

import uvloop
from rich.console import RenderableType

from bench import (
    checks,
    consume,
    directory,
    figure,
    forms,
    growth,
    imports,
    indicators,
    letters,
    registrations,
    relay,
    replays,
    starts,
)
from bench.house import House, house
from bench.measure import Failed, Line, console, print_lines

Bench = Callable[[House], Awaitable[tuple[RenderableType, list[Line]]]]

TOGETHER: dict[str, Bench] = {"forms": forms.run, "registrations": registrations.run, "figure": figure.run}
"""One house for all of these."""
APART: dict[str, Bench] = {
    "relay": relay.run,
    "consume": consume.run,
    "replay": replays.run,
    "letters": letters.run,
    "directory": directory.run,
    "indicators": indicators.run,
    "import": imports.run,
    "start": starts.start,
    "memory": starts.memory,
    "growth": growth.run,
}
"""Each in a house of its own: they fill it."""
NAMES = [*TOGETHER, *APART]


class Told:
    """What was found so far."""

    def __init__(self) -> None:
        self.shown: list[RenderableType] = []
        self.lines: list[Line] = []
        self.failed = False

    async def take(self, name: str, bench: Awaitable[tuple[RenderableType, list[Line]]]) -> None:
        """Run one bench; a check that fails is told and the others go on."""
        console.print(f"[bold]{name}[/bold]")
        try:
            table, found = await bench
        except Failed as error:
            self.failed = True
            self.shown.append(f"{name} failed: {error}")
            return
        self.shown.append(table)
        self.lines += found


async def run(names: list[str]) -> int:
    """Each bench in its house; 1 when a check failed."""
    told = Told()
    console.print("Four processes `maillage run <service>`, PostgreSQL and NATS beside them.", style="dim")
    if any(name in TOGETHER for name in names):
        async with house() as here:
            for name in (name for name in names if name in TOGETHER):
                if not await checks.settled(here):
                    console.print("  letters of the bench before are still leaving", style="dim")
                await told.take(name, TOGETHER[name](here))
    for name in (name for name in names if name in APART):
        async with house() as here:
            await told.take(name, APART[name](here))
    for one in told.shown:
        console.print(one)
    print_lines(told.lines)
    return int(told.failed)


def main() -> None:
    """Read the command line; the form and the size go by the environment, which modules read when they load."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; none: all")
    parser.add_argument("--short", action="store_true", help="a small form that checks the same")
    parser.add_argument("--size", type=int, help="rows, events or letters, where a bench counts them")
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in NAMES]
    if unknown:
        parser.error(f"No bench is called {', '.join(unknown)}. There are: {', '.join(NAMES)}.")
    if asked.short and os.environ.get("MAILLAGE_BENCH") != "short":
        os.environ["MAILLAGE_BENCH"] = "short"
        os.execv(sys.executable, [sys.executable, "-m", "bench", *sys.argv[1:]])  # so that every module reads it
    if asked.size:
        os.environ["MAILLAGE_BENCH_SIZE"] = str(asked.size)
    sys.exit(uvloop.run(run(asked.names or NAMES)))


if __name__ == "__main__":
    main()
