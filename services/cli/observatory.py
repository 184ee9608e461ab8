"""`maillage dashboard`, `maillage replay`: partners' dashboards, and the figures rebuilt from the stream."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from services import reach
from services.observatory.commands import create_dashboard, revoke_dashboard
from services.observatory.forms import CreateDashboard
from services.observatory.headlines import filters_said
from services.observatory.keys import key_from, new_seed
from services.observatory.queries.dashboards import dashboards as listed_dashboards
from services.observatory.queries.dashboards import scope_of
from services.observatory.replay import replay
from shared.clock import today
from shared.db import Row
from shared.errors import Invalid
from shared.web.forms import errors_by_field

dashboard = typer.Typer(no_args_is_help=True, help="Partners' dashboards, each at an address of its own.")
rebuild = typer.Typer(no_args_is_help=True, help="Build a projection again from the start of the stream.")


def register(root: typer.Typer) -> None:
    """Add the commands."""
    root.add_typer(dashboard, name="dashboard")
    root.add_typer(rebuild, name="replay")


@dashboard.command("create")
def create(
    partner: Annotated[str, typer.Option(help="the name at the head of the dashboard")],
    department: Annotated[list[str], typer.Option(help="a department's code; several times for several")] = [],  # noqa: B006
    theme: Annotated[list[str], typer.Option(help="a theme's code; several times for several")] = [],  # noqa: B006
    country: Annotated[list[str], typer.Option(help="ISO 3166 alpha-2; several times for several")] = [],  # noqa: B006
    expires: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="the last day; none: a year")] = None,
) -> None:
    """Print the address of a new dashboard, alone on the last line; it is shown this once."""
    values = {"partner": partner, "departments": department, "themes": theme, "countries": country}
    settings = reach.settings_of("observatory")
    key = key_from(settings.secret, new_seed())

    async def work() -> tuple[UUID, CreateDashboard]:
        try:
            form = CreateDashboard.model_validate(values | ({"expires_on": expires.date()} if expires else {}))
        except ValidationError as error:
            raise Invalid(errors_by_field(error)) from None
        async with reach.database("observatory") as db, db.transaction() as tx:
            return await create_dashboard(form, key, "command line", tx), form

    made, form = reach.run(work())
    reach.console.print(f"Identifiant, pour le fermer\u00a0: {made}, ouvert jusqu’au {form.expires_on}", soft_wrap=True)
    typer.echo(f"{settings.public_url}/observatoire/partenaire/{key}")


@dashboard.command("list")
def show() -> None:
    """List the dashboards, without their addresses, which are kept nowhere."""

    async def work() -> list[Row]:
        async with reach.database("observatory") as db, db.reading() as tx:
            return await listed_dashboards(tx)

    table = Table("Identifiant", "Partenaire", "Limites", "Jusqu’au", "État")
    rows = reach.run(work())
    for row in rows:
        limits = "\n".join(f"{kind}\u00a0: {chosen}" for kind, chosen in filters_said(scope_of(row)))
        expired = "expiré" if row["expires_on"] < today() else "ouvert"
        state = "fermé" if row["revoked_at"] else expired
        table.add_row(str(row["dashboard_id"]), row["partner"], limits, str(row["expires_on"]), state)
    reach.console.print(table if rows else "Aucun tableau de bord.")


@dashboard.command("revoke")
def revoke(dashboard_id: UUID) -> None:
    """Close a dashboard now; the pages open on it end."""

    async def work() -> None:
        async with reach.database("observatory") as db, db.transaction() as tx:
            await revoke_dashboard(dashboard_id, tx)

    reach.run(work())
    typer.echo("Closed.")


@rebuild.command("observatory")
def replay_observatory() -> None:
    """Rebuild every figure from the stream, silently, and swap it in; forms and mails go on meanwhile."""
    columns = (TextColumn("Reconstruction des chiffres"), BarColumn(), MofNCompleteColumn())

    async def work() -> int:
        async with reach.database("observatory") as db, reach.bus_owner() as client:
            with Progress(*columns, console=reach.console, transient=True) as bar:
                task = bar.add_task("replay", total=None)
                return await replay(
                    db, client, db.network, lambda done, total: bar.update(task, completed=done, total=total)
                )

    typer.echo(f"{reach.run(work())} facts replayed; the figures are those of the stream.")


@rebuild.callback()
def _several() -> None:
    """Keep `observatory` a word of its own while it is the only projection that can be rebuilt."""
