"""`maillage bus`, `republish`, `verify`, `migrate`: what an administrator does to the bus."""

from typing import Annotated, Literal

import typer

from services import reach
from services.facts_page import facts_page
from services.houses import BUILD, CARDS
from services.nats_users import users_file
from services.operations import declare, refill, verify_service
from shared import migrate as migrations
from shared.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The streams and their consumers.")
ServiceOption = Annotated[str | None, typer.Option("--service", help="one service; none: all four")]


def names_of(service: str | None) -> list[str]:
    """The service asked for, or all four; an unknown one ends the command."""
    if service is not None and service not in CARDS:
        reach.fail(f"Ce service n’existe pas\u00a0: {service}. Il y en a quatre\u00a0: {', '.join(CARDS)}.")
    return [service] if service else list(CARDS)


def migrate(
    phase: Annotated[Literal["pre", "post", "all"], typer.Argument()] = "all", service: ServiceOption = None
) -> None:
    """Apply the migrations: `pre` before the new code runs, `post` once the old is gone."""

    async def work() -> None:
        for name in names_of(service):
            settings = reach.settings_of(name)
            folder = BUILD[name](settings).migrations
            phases: tuple[migrations.Phase, ...] = ("pre", "post") if phase == "all" else (phase,)
            done = await migrations.migrate(settings.database_url, folder, phases)
            typer.echo(f"{name}: {', '.join(done) or 'nothing to do'}")

    reach.run(work())


@app.command("apply")
def bus_apply() -> None:
    """Declare the streams and consumers as the cards say; harmless when repeated."""

    async def work() -> None:
        async with reach.bus_owner() as client:
            await declare(client, Settings())

    reach.run(work())
    typer.echo("Streams and consumers are declared.")


@app.command("users")
def bus_users() -> None:
    """Print each service's NATS user and what it may say and hear, as `deploy/nats-users.conf` holds it."""
    typer.echo(users_file(Settings().network), nl=False)


@app.command("facts")
def bus_facts() -> None:
    """Print every fact with who says it, who hears it, its fields and an example, as `docs/events.md` holds it."""
    typer.echo(facts_page(Settings().network), nl=False)


def republish() -> None:
    """Fill lost or cut streams again from the journals; what was already handled is not handled again."""

    async def work() -> int:
        async with reach.bus_owner() as client:
            await declare(client, Settings())
            return sum([await refill(client, name) for name in CARDS])

    typer.echo(f"{reach.run(work())} facts go to the stream again.")


def verify() -> None:
    """Compare journal, streams and figures; status 1 when something differs."""

    async def work() -> list[str]:
        async with reach.bus_owner() as client:
            return [fault for name in CARDS for fault in await verify_service(client, name)]

    faults = reach.run(work())
    for fault in faults:
        typer.echo(fault)
    if faults:
        raise typer.Exit(1)
    typer.echo("Journals, streams and figures agree.")
