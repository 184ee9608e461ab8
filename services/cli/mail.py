"""`maillage mail`: hold every mail back, and let them leave again."""

from typing import Annotated

import typer

from services import reach
from services.mailing.commands import pause_sending, resume_sending
from services.mailing.queries.pause import Pause, pause_of

app = typer.Typer(no_args_is_help=True, help="Hold every mail back, and let them leave again.")


def register(root: typer.Typer) -> None:
    """Add the commands."""
    root.add_typer(app, name="mail")


@app.command("pause")
def pause() -> None:
    """From now on no mail leaves, neither letters nor service mails; those in flight end."""

    async def work() -> Pause:
        async with reach.database("mailing") as db, db.transaction() as tx:
            return await pause_sending(tx, "command")

    _tell(reach.run(work()))


@app.command("status")
def status() -> None:
    """Say whether mails leave."""

    async def work() -> Pause | None:
        async with reach.database("mailing") as db, db.reading() as tx:
            return await pause_of(tx)

    _tell(reach.run(work()))


@app.command("resume")
def resume(
    send: Annotated[bool, typer.Option("--send", help="send also what may have left before the restore")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="give up what may have left before the restore")] = False,
) -> None:
    """Let mails leave again; after a restore, say what becomes of those that may have left before it."""
    if send and drop:
        reach.fail("Choisissez\u00a0: --send ou --drop.")

    async def work() -> Pause | None:
        async with reach.database("mailing") as db, db.transaction() as tx:
            found = await pause_of(tx, lock=True)
            if found and found.perhaps_left and not (send or drop):
                reach.fail(
                    f"{found.perhaps_left} courriels attendaient déjà au moment de la sauvegarde et sont peut-être "
                    "partis depuis\u00a0: --drop les abandonne, --send les envoie quand même."
                )
            return await resume_sending(tx, drop)

    found = reach.run(work())
    typer.echo("Les envois reprennent." if found else "Les envois n’étaient pas en pause.")


def _tell(found: Pause | None) -> None:
    if found is None:
        typer.echo("Les courriels partent.")
        return
    typer.echo(
        f"Les envois sont en pause depuis le {found.since:%d/%m/%Y à %H:%M} UTC\u00a0: {found.waiting} courriels "
        f"attendent, dont {found.perhaps_left} peut-être déjà partis."
    )
