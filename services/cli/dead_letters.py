"""`maillage dead-letters`: facts that no handler could take, by the same functions as the operator's page."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from services import reach
from services.houses import CARDS
from services.upkeep.errors import UpkeepRefused
from shared.db import Tx
from shared.web.console import letters
from shared.web.console.letters import DeadLetter, LetterGone

BY = "command line"

app = typer.Typer(no_args_is_help=True, help="Facts that no handler could take, with their reason.")
Json = Annotated[bool, typer.Option("--json", help="one line of JSON each")]
Ids = Annotated[list[UUID], typer.Argument(help="one or several, as `list` shows them")]


def register(root: typer.Typer) -> None:
    """Add the commands."""
    root.add_typer(app, name="dead-letters")


@app.command("list")
def list_letters(service: reach.ServiceOption = None, json: Json = False) -> None:
    """List dead letters and what waits for another attempt, the dead ones first."""

    async def work() -> list[DeadLetter]:
        return [letter for name in reach.service_names(service) for letter in await _read(name)]

    found = reach.run(work())
    if json:
        for letter in found:
            typer.echo(reach.as_json(letter.summary()))
        return
    table = Table("Service", "Fact", "Id", "Attempts", "State", "Reason")
    for letter in found:
        table.add_row(
            letter.service, letter.contract, str(letter.event_id), str(letter.attempts), letter.state, letter.reason
        )
    reach.console.print(table if found else "Aucune lettre morte.")


async def _read(service: str) -> list[DeadLetter]:
    async with reach.database(service) as db, db.reading() as tx:
        return await letters.dead_letters(tx, service, limit=1_000)


@app.command("causes")
def list_causes(service: reach.ServiceOption = None, json: Json = False) -> None:
    """Count dead letters by cause: their reason without the identifiers and numbers in it."""

    async def work() -> list[dict[str, Any]]:
        found = []
        for name in reach.service_names(service):
            async with reach.database(name) as db, db.reading() as tx:
                found += [{"service": name} | one for one in await letters.causes(tx)]
        return found

    found = reach.run(work())
    if json:
        for one in found:
            typer.echo(reach.as_json(one))
        return
    table = Table("Service", "Fact", "Dead", "Waiting", "Cause")
    for one in found:
        table.add_row(one["service"], one["contract"], str(one["dead"]), str(one["waiting"]), one["cause"])
    reach.console.print(table if found else "Aucune lettre morte.")


@app.command("show")
def show_letter(event_id: UUID) -> None:
    """Show one dead letter whole; the body of a personal fact holds an address."""

    async def work() -> list[DeadLetter]:
        return await _holders(event_id)

    for letter in reach.run(work()):
        typer.echo(reach.as_json(letter.whole()))


async def _holders(event_id: UUID) -> list[DeadLetter]:
    """The letter as each service that could not take it holds it. Raises LetterGone when none does."""
    found = []
    for name in CARDS:
        async with reach.database(name) as db, db.reading() as tx:
            try:
                found.append(await letters.dead_letter(tx, name, event_id))
            except LetterGone:
                continue
    if not found:
        raise LetterGone()
    return found


@app.command("retry")
def retry_letters(event_ids: Ids) -> None:
    """Give dead letters a fresh row of attempts; their service tries them within a second. Nothing is published."""
    typer.echo(f"{_on_each(event_ids, letters.retry)} retried.")


@app.command("drop")
def drop_letters(event_ids: Ids) -> None:
    """Forget dead letters for good; their facts stay in the journal and on the stream."""
    typer.echo(f"{_on_each(event_ids, letters.drop)} dropped.")


def _on_each(ids: list[UUID], work: Callable[[Tx, list[UUID], str], Awaitable[list[UUID]]]) -> int:
    """Do it in every service that holds some of them; says which were nowhere, and fails when none was anywhere."""

    async def everywhere() -> list[UUID]:
        found: list[UUID] = []
        for name in CARDS:
            async with reach.database(name) as db, db.transaction() as tx:
                found += await work(tx, ids, BY)
        return found

    done = reach.run(everywhere())
    for gone in [one for one in dict.fromkeys(ids) if one not in done]:
        reach.console.print(f"{gone}\u00a0: {LetterGone().sentence}", soft_wrap=True)
    if not done:
        raise typer.Exit(1)
    return len(done)


@app.command("edit")
def edit_letter(event_id: UUID, body: Annotated[Path, typer.Argument(help="a file: the whole fact, as JSON")]) -> None:
    """Replace what a dead letter says by what is in a file, and try it again; the first text is kept beside it."""

    async def work() -> int:
        try:
            said = body.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise UpkeepRefused(f"{body} n’est pas en UTF-8\u00a0: rien n’a changé.") from None
        held = await _holders(event_id)
        for letter in held:
            async with reach.database(letter.service) as db, db.transaction() as tx:
                await letters.correct(tx, event_id, said, BY)
        return len(held)

    typer.echo(f"{reach.run(work())} edited, and tried again.")
