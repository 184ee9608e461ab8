"""`maillage demo`: the fictional season, taken away."""

import json

import typer

from services import reach
from services.examples.demonstration import remove
from shared.db import Database
from shared.settings import SERVICES

app = typer.Typer(no_args_is_help=True, help="The fictional season.")


def register(root: typer.Typer) -> None:
    """Add the commands."""
    root.add_typer(app, name="demo")


@app.callback()
def demo() -> None:
    """The fictional season."""


@app.command("remove")
def remove_season() -> None:
    """Take the fictional season away from every service; the season of 2020 and what people did stay."""

    async def work() -> None:
        databases: dict[str, Database] = {}
        try:
            for name in SERVICES:
                settings = reach.settings_of(name)
                databases[name] = Database(settings.database_url, settings.network, 4)
                await databases[name].open()
            await remove(databases)
        finally:
            for db in databases.values():
                await db.close()

    reach.run(work())
    typer.echo(json.dumps({"removed": "demonstration"}))
