"""`maillage doctor`, `maillage watch`: look at everything, and warn the administrator of what stays wrong."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services import reach
from services.upkeep.checkup import examined
from services.upkeep.findings import Finding
from services.upkeep.settings import UpkeepSettings
from services.upkeep.warning import News
from services.upkeep.watching import WATCH, keep_looking, look

SIGNS = {"well": ("✓", "green"), "wrong": ("✗", "bold red"), "unknown": ("?", "yellow")}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(doctor)
    app.command()(watch)


def doctor() -> None:
    """Look at settings, servers, team, disk, clocks, backups and the DNS for mail; status 1 if one is wrong."""
    console = Console(highlight=False)

    async def work() -> list[Finding]:
        found = []
        async for one in examined(UpkeepSettings()):
            sign, style = SIGNS[one.level]
            console.print(f"{sign} {one.sentence}", style=style, markup=False, soft_wrap=True)
            found.append(one)
        return found

    wrong = sum(one.level == "wrong" for one in reach.run(work()))
    if wrong:
        reach.fail(f"À corriger\u00a0: {wrong}.")
    typer.echo("Tout va bien.")


def watch(
    every: Annotated[float, typer.Option(min=0, help="seconds between two looks; 0: look once")] = 0,
    file: Annotated[Path | None, typer.Option("--state", help="what was told already; else in MAILLAGE_DATA")] = None,
) -> None:
    """Look once, or for ever, and write to the administrator when something stays wrong, and when it is over."""
    kept = file or reach.settings_from_environment().data / WATCH
    if every:
        reach.end_on_sigterm()
        asyncio.run(keep_looking(UpkeepSettings(), kept, every))

    async def work() -> News:
        return await look(UpkeepSettings(), kept)

    news = reach.run(work())
    for about, trouble in news.lasting.items():
        typer.echo(f"{about}: {' '.join(trouble.sentences)}")
    typer.echo(f"{len(news.lasting)} told, {len(news.over)} over.")
