"""`maillage erasures`: what the bus owner does for people who asked to be erased, and after a restore."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from nats.errors import Error as NatsError

from services import reach
from services.houses import CARDS
from services.purging import (
    Known,
    apply_again,
    note_done,
    purge_erased,
    remember_receipts,
    requested_here,
    requested_in,
    requested_on_the_bus,
)
from shared.errors import Unavailable

app = typer.Typer(no_args_is_help=True, help="People who asked to be erased.")


def register(root: typer.Typer) -> None:
    """Add the commands."""
    root.add_typer(app, name="erasures")


@app.command("list")
def list_erasures() -> None:
    """Print every erasure, one JSON line each: a key, never an address. Keep it apart from the backups."""

    async def work() -> Known:
        async with reach.database("registry") as db:
            return await requested_here(db)

    for erasure_id, (key, moment) in reach.run(work()).items():
        typer.echo(reach.as_json({"erasure_id": erasure_id, "person_key": key, "requested_at": moment.isoformat()}))


@app.command()
def purge(
    every: Annotated[int, typer.Option(help="seconds from one look to the next; 0: look once", min=0)] = 0,
) -> None:
    """Empty the stream of those whom all four services have erased; the bus owner alone may."""

    async def look() -> int:
        async with reach.bus_owner() as client, reach.database("registry") as db:
            return await purge_erased(client, db, reach.settings_from_environment().network)

    async def work() -> int:
        reach.end_on_sigterm()
        while every:
            try:
                await look()
            except (Unavailable, NatsError, OSError, TimeoutError) as error:
                reach.console.print(f"waiting: {type(error).__name__}")
            await asyncio.sleep(every)
        return await look()

    typer.echo(f"{reach.run(work())} purged.")


@app.command()
def apply(
    kept: Annotated[Path | None, typer.Argument(help="a list kept apart, of `maillage erasures list`")] = None,
) -> None:
    """After a restore: erase again whoever had asked, by all that registry, bus and list still know of it.

    Only the databases need to be there; each service does its part as soon as it runs.
    """

    async def work() -> dict[str, int]:
        known: Known = _kept(kept)
        try:
            async with reach.bus_owner() as client:
                known |= await requested_on_the_bus(client, reach.settings_from_environment().network)
        except (NatsError, OSError, TimeoutError) as error:
            reach.console.print(f"The bus does not answer ({type(error).__name__}): its facts are not looked at.")
        async with reach.database("registry") as db:
            known |= await requested_here(db)
            await remember_receipts(known, db)
        asked = {}
        for name in CARDS:
            async with reach.database(name) as db, reach.database("registry") as registry:
                asked[name] = await apply_again(known, db)
                await note_done(registry, name, db)
        return asked

    for name, count in reach.run(work()).items():
        typer.echo(f"{name}: {count} to erase again")


def _kept(file: Path | None) -> Known:
    if file is None:
        return {}
    try:
        return requested_in(file.read_text())
    except (OSError, ValueError, KeyError, TypeError):
        reach.fail(f"Ce fichier n’est pas une liste d’effacements\u00a0: {file}.")
