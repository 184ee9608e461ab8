"""`python -m bench [NAME ...]`: run all or some, tables first, JSON lines last on stdout."""

import sys

import uvloop
from rich.console import RenderableType

from bench import checks, figure, forms, registrations
from bench.house import house
from bench.measure import Failed, Line, console, print_lines

BENCHES = {"forms": forms.run, "registrations": registrations.run, "figure": figure.run}


async def run(names: list[str]) -> int:
    """One house for all, each bench in it; 1 when a check failed."""
    shown: list[RenderableType] = []
    lines: list[Line] = []
    failed = 0
    async with house() as here:
        console.print("Four processes `maillage run <service>`, PostgreSQL and NATS beside them.", style="dim")
        for name in names:
            if not await checks.settled(here):
                console.print("  letters of the bench before are still leaving", style="dim")
            console.print(f"[bold]{name}[/bold]")
            try:
                table, found = await BENCHES[name](here)
            except Failed as error:
                failed = 1
                shown.append(f"{name} failed: {error}")
                continue
            shown.append(table)
            lines += found
    for one in shown:
        console.print(one)
    print_lines(lines)
    return failed


def main() -> None:
    names = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        console.print(f"No bench is called {', '.join(unknown)}. There are: {', '.join(BENCHES)}.")
        sys.exit(2)
    sys.exit(uvloop.run(run(names)))


if __name__ == "__main__":
    main()
