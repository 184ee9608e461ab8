"""`maillage backup`, `maillage restore`."""

from pathlib import Path
from typing import Annotated

import typer

from services import reach
from services.upkeep import backup as backups
from services.upkeep.manifest import find_backup, read_backup
from services.upkeep.restore_apart import restore_apart
from services.upkeep.restore_embedded import restore_embedded
from services.upkeep.restoring import Restored


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    place: Annotated[
        Path, typer.Argument(metavar="DIR", envvar="MAILLAGE_BACKUPS", help="where backups are kept, a folder each")
    ],
    keep: Annotated[int, typer.Option(min=1, help="how many backups stay")] = 14,
    second: Annotated[
        Path | None,
        typer.Option("--copy", envvar="MAILLAGE_BACKUPS_COPY", help="a second place, on another disk or machine"),
    ] = None,
    with_secrets: Annotated[bool, typer.Option("--secrets/--without-secrets", help="keep the two secrets too")] = True,
) -> None:
    """Back up the four databases and, apart, the two secrets; services go on meanwhile."""

    async def work() -> None:
        made = await backups.back_up(place.absolute(), with_secrets)
        typer.echo(made)
        backups.forget_old(made.parent, keep)
        if second:
            copied = backups.copy_backup(made, second.absolute())
            typer.echo(copied)
            backups.forget_old(copied.parent, keep)

    reach.run(work())


def restore(
    place: Annotated[Path, typer.Argument(metavar="DIR", help="a backup, or the folder whose newest one is meant")],
    aside: Annotated[Path | None, typer.Option(help="where what is there now is put aside")] = None,
) -> None:
    """Restore a backup into a stopped, empty system; sending stays paused until `maillage mail resume`."""

    async def work() -> Restored:
        found = find_backup(place.absolute())
        manifest = read_backup(found)
        if reach.is_apart():
            return await restore_apart(found, manifest, aside.absolute() if aside else None)
        settings = reach.settings_from_environment()
        return await restore_embedded(found, manifest, settings, aside.absolute() if aside else None)

    done = reach.run(work())
    typer.echo(
        f"Restauré\u00a0: {done.backup}, {done.rows} lignes, prises le {done.manifest.taken_at:%d/%m/%Y à %H:%M} UTC."
    )
    if done.erased:
        typer.echo(f"Effacements demandés depuis la sauvegarde, appliqués au démarrage\u00a0: {done.erased}.")
    if done.aside:
        typer.echo(f"Ce qui était là est dans {done.aside}.")
    typer.echo(
        f"Les envois sont en pause ({done.waiting} courriels attendent)\u00a0: démarrez Maillage, regardez, puis "
        "lancez maillage mail resume."
    )
