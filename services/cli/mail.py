"""`maillage mail`: hold every mail back, and let them leave again."""

from typing import Annotated, Literal

import typer

from services import reach
from services.mailing.commands import pause_sending, resume_sending
from services.mailing.mails.dkim import SELECTOR, Seal
from services.mailing.mails.keys import DkimSettings, new_key, on_one_line
from services.mailing.queries.pause import Pause, pause_of
from shared.clock import today
from shared.embedded.errors import CannotStart

Kind = Literal["rsa", "ed25519"]
TXT = 255
"""Characters that one string of a TXT record holds."""
MADE = (
    "Clé nouvelle, secrète, qui n’est gardée nulle part. Publiez-la d’abord, puis mettez ces deux lignes dans les "
    "réglages (.env, et ce qui s’en déduit)\u00a0:"
)
PUBLISHED = "À publier dans le DNS, un enregistrement TXT\u00a0:"
TYPED = (
    "Un formulaire demande le nom d’un côté et la valeur de l’autre, d’une traite et sans guillemets. "
    "Ensuite, maillage doctor compare."
)

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


@app.command("dkim")
def dkim(
    kind: Annotated[Kind, typer.Option("--kind", help="rsa is understood everywhere, ed25519 by some")] = "rsa",
    new: Annotated[bool, typer.Option("--new", help="another key than the one in use")] = False,
) -> None:
    """Say what to publish in the DNS for the key that signs the mails; make a key where there is none."""
    try:
        settings, used = reach.settings_from_environment(), DkimSettings()
        seal = None if new else Seal.of(settings, used)
        if seal is None:
            selector = f"{used.dkim_selector or SELECTOR}-{today():%Y%m%d}" if used.dkim_key else used.dkim_selector
            made = DkimSettings(dkim_key=on_one_line(new_key(kind)), dkim_selector=selector)
            seal = Seal.of(settings, made)
            assert seal
            typer.echo(f"{MADE}\n\nMAILLAGE_DKIM_SELECTOR={seal.selector}\nMAILLAGE_DKIM_KEY={made.dkim_key}\n")
    except CannotStart as error:
        reach.fail(str(error))
    parts = " ".join(f'"{seal.record[at : at + TXT]}"' for at in range(0, len(seal.record), TXT))
    typer.echo(f"{PUBLISHED}\n\n{seal.record_name}. IN TXT ( {parts} )\n\n{TYPED}")


def _tell(found: Pause | None) -> None:
    if found is None:
        typer.echo("Les courriels partent.")
        return
    typer.echo(
        f"Les envois sont en pause depuis le {found.since:%d/%m/%Y à %H:%M} UTC\u00a0: {found.waiting} courriels "
        f"attendent, dont {found.perhaps_left} peut-être déjà partis."
    )
