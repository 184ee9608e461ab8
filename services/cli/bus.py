"""`maillage bus`, `republish`, `verify`: what an administrator does to the bus."""

import typer

from services import reach
from services.facts_page import facts_page
from services.houses import CARDS
from services.nats_users import users_file
from services.operations import declare, refill, verify_service

app = typer.Typer(no_args_is_help=True, help="The streams and their consumers.")


def register(root: typer.Typer) -> None:
    """Add the commands."""
    root.add_typer(app, name="bus")
    root.command()(republish)
    root.command()(verify)


@app.command("apply")
def bus_apply() -> None:
    """Declare the streams and consumers as the cards say; harmless when repeated."""

    async def work() -> None:
        async with reach.bus_owner() as client:
            await declare(client, reach.settings_from_environment())

    reach.run(work())
    typer.echo("Streams and consumers are declared.")


@app.command("users")
def bus_users() -> None:
    """Print each service's NATS user and what it may say and hear, as `deploy/nats-users.conf` holds it."""
    typer.echo(users_file(reach.settings_from_environment().network), nl=False)


@app.command("facts")
def bus_facts() -> None:
    """Print every fact with who says it, who hears it, its fields and an example, as `docs/events.md` holds it."""
    typer.echo(facts_page(reach.settings_from_environment().network), nl=False)


def republish() -> None:
    """Fill lost or cut streams again from the journals; what was already handled is not handled again."""

    async def work() -> int:
        async with reach.bus_owner() as client:
            await declare(client, reach.settings_from_environment())
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
