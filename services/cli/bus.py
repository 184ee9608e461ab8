"""`maillage bus`, `dead-letters`, `republish`, `verify`, `migrate`: what an administrator does to the bus."""

from typing import Annotated, Literal
from uuid import UUID

import typer
from rich.table import Table

from services import reach
from services.houses import BUILD, CARDS
from services.nats_users import users_file
from services.operations import DeadLetter, dead_letters_of, declare, refill, verify_service
from shared import migrate as migrations
from shared.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The streams and their consumers.")
dead_letters = typer.Typer(no_args_is_help=True, help="Facts that no handler could take, with their reason.")

ServiceOption = Annotated[str | None, typer.Option("--service", help="one service; none: all four")]


def _names(service: str | None) -> list[str]:
    if service is not None and service not in CARDS:
        reach.fail(f"Ce service n’existe pas\u00a0: {service}. Il y en a quatre\u00a0: {', '.join(CARDS)}.")
    return [service] if service else list(CARDS)


def migrate(
    phase: Annotated[Literal["pre", "post", "all"], typer.Argument()] = "all", service: ServiceOption = None
) -> None:
    """Apply the migrations: `pre` before the new code runs, `post` once the old is gone."""

    async def work() -> None:
        for name in _names(service):
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


@dead_letters.command("list")
def list_dead(service: ServiceOption = None, json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List dead letters and what waits for another attempt."""

    async def work() -> list[DeadLetter]:
        return [letter for name in _names(service) for letter in await dead_letters_of(name)]

    letters = reach.run(work())
    if json:
        for letter in letters:
            typer.echo(reach.as_json(letter.summary()))
        return
    table = Table("Service", "Fact", "Id", "Attempts", "State", "Reason")
    for letter in letters:
        table.add_row(
            letter.service, letter.contract, str(letter.event_id), str(letter.attempts), letter.state, letter.reason
        )
    reach.console.print(table if letters else "Aucune lettre morte.")


async def _each(event_id: UUID) -> list[DeadLetter]:
    found = [letter for name in CARDS for letter in await dead_letters_of(name) if letter.event_id == event_id]
    if not found:
        reach.fail("Aucune lettre morte ne porte cet identifiant.")
    return found


@dead_letters.command("show")
def show_dead(event_id: UUID) -> None:
    """Show one dead letter whole; the body of a personal fact holds an address."""

    async def work() -> list[DeadLetter]:
        return await _each(event_id)

    for letter in reach.run(work()):
        typer.echo(reach.as_json(letter.summary() | {"headers": letter.headers, "body": letter.body}))


@dead_letters.command("retry")
def retry_dead(event_id: UUID) -> None:
    """Give a dead letter a fresh row of attempts; the service tries it within a second. It is not published again."""

    async def work() -> int:
        letters = await _each(event_id)
        for letter in letters:
            async with reach.database(letter.service) as db, db.transaction() as tx:
                await tx.execute(
                    "UPDATE parked SET attempts = 0, next_at = now() WHERE consumer = $1 AND event_id = $2",
                    letter.consumer,
                    event_id,
                )
        return len(letters)

    typer.echo(f"{reach.run(work())} retried.")


@dead_letters.command("drop")
def drop_dead(event_id: UUID) -> None:
    """Forget a dead letter for good; its fact stays in the journal and on the stream."""

    async def work() -> int:
        letters = await _each(event_id)
        for letter in letters:
            async with reach.database(letter.service) as db, db.transaction() as tx:
                await tx.execute("DELETE FROM parked WHERE consumer = $1 AND event_id = $2", letter.consumer, event_id)
        return len(letters)

    typer.echo(f"{reach.run(work())} dropped.")
