"""`maillage migrate`."""

from typing import Annotated, Literal

import typer

from services import reach
from services.houses import migrations_of
from shared import migrate as migrations


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(migrate)


def migrate(
    phase: Annotated[Literal["pre", "post", "all"], typer.Argument()] = "all", service: reach.ServiceOption = None
) -> None:
    """Apply the migrations: `pre` before the new code runs, `post` once the old is gone."""

    async def work() -> None:
        for name in reach.service_names(service):
            url = reach.settings_of(name).database_url
            phases: tuple[migrations.Phase, ...] = ("pre", "post") if phase == "all" else (phase,)
            done = await migrations.migrate(url, migrations_of(name), phases)
            typer.echo(f"{name}: {', '.join(done) or 'nothing to do'}")

    reach.run(work())
