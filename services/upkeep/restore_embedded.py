"""Restore into the data folder of the one-machine mode: made whole beside it, then put in its place."""

import json
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import structlog

from services import reach
from services.purging import Known
from services.upkeep.backup import EXAMPLES
from services.upkeep.erasing import erase_again, kept_in, known_to
from services.upkeep.errors import UpkeepRefused
from services.upkeep.manifest import SECRETS, Manifest, fingerprints
from services.upkeep.restoring import Restored, check_versions, fill_all, ready_to_speak
from shared.embedded.errors import AlreadyRunning, CannotStart
from shared.embedded.layout import LOCK, DataFolder, Secrets, read_secrets, running_system, write_private
from shared.embedded.postgres import PostgresServer
from shared.settings import SERVICES, Settings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Source:
    """What a data folder is made from."""

    backup: Path
    manifest: Manifest
    known: Known


async def restore_embedded(backup: Path, manifest: Manifest, settings: Settings, aside: Path | None) -> Restored:
    """What the backup holds, in `settings.data`; what was there goes to `aside`."""
    data = settings.data.expanduser().absolute()
    if running_system(data):
        raise UpkeepRefused(f"Maillage tourne avec {data}\u00a0: arrêtez-le avant de restaurer.")
    there = _refuse_to_cover(data, aside)
    check_versions(manifest, settings)
    drawn = _secrets_of(backup, manifest, data, settings)
    before, fresh = DataFolder(data), DataFolder(data.with_name(f"{data.name}.restoring"))
    with ExitStack() as held:
        held.enter_context(_emptied(fresh))
        if there:  # nobody starts it meanwhile
            held.callback(before.release)
            before.hold()
        known = kept_in(backup.parent) | (await _known_before(before, settings) if there else {})
        try:
            waiting, erased = await _fill(fresh, Source(backup, manifest, known), settings, drawn)
            if there and aside:
                aside.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(data, aside)
            elif data.exists():
                data.rmdir()
            fresh.path.rename(data)
        except reach.BROKEN as error:
            raise UpkeepRefused(f"{reach.told(error)} Rien n’est effacé.") from error
    return Restored(backup, manifest, aside if there else None, waiting, erased)


def _refuse_to_cover(data: Path, aside: Path | None) -> bool:
    """Whether there is anything in `data`; UpkeepRefused when nobody said where to put it."""
    there = data.exists() and any(data.iterdir())
    if there and aside is None:
        raise UpkeepRefused(
            f"{data} contient déjà des données\u00a0: dites avec --aside DOSSIER où les mettre de côté. "
            "Rien n’est effacé."
        )
    if there and aside and (aside.exists() or aside.is_relative_to(data)):
        raise UpkeepRefused(f"{aside} ne convient pas\u00a0: dites un dossier qui n’existe pas, hors de {data}.")
    return there


def _secrets_of(backup: Path, manifest: Manifest, data: Path, settings: Settings) -> Secrets:
    """The two secrets of the backup, or those still in the data folder; every password is drawn anew."""
    try:
        kept = read_secrets(data)
    except CannotStart:
        kept = None
    if (backup / SECRETS).is_file():
        said = _read(backup / SECRETS)
    elif kept:
        said = {"secret": kept.signing_secret, "people_secret": kept.people_secret}
    else:
        raise UpkeepRefused(
            f"Cette sauvegarde est sans secrets\u00a0: mettez le fichier {SECRETS} qui va avec dans {backup}. "
            "Sans lui, les liens des courriels ne s’ouvriraient plus et les personnes ne seraient plus reconnues."
        )
    if fingerprints(settings.model_copy(update=said)) != manifest.fingerprints:
        raise UpkeepRefused("Les secrets ne sont pas ceux de cette sauvegarde\u00a0: rien n’est restauré.")
    return Secrets(
        people_secret=said["people_secret"],
        signing_secret=said["secret"],
        postgres_owner=secrets.token_urlsafe(32),
    )


def _read(file: Path) -> dict[str, str]:
    """The two secrets that a backup holds, or that somebody put beside it."""
    try:
        said = json.loads(file.read_text())
        return {name: str(said[name]) for name in ("secret", "people_secret")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UpkeepRefused(f"{file} ne se lit pas\u00a0: rien n’est restauré.") from error


def _emptied(fresh: DataFolder) -> DataFolder:
    """The folder to fill, ours alone, without what a restore cut short has left in it."""
    try:
        fresh.hold()
    except AlreadyRunning:
        raise UpkeepRefused(f"Une autre restauration est en cours dans {fresh.path}.") from None
    for left in fresh.path.iterdir():
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        elif left.name != LOCK:
            left.unlink()
    return fresh


async def _known_before(folder: DataFolder, settings: Settings) -> Known:
    """The erasures that the folder about to be put aside knows; none where it no longer opens."""
    if not folder.postgres.is_dir():
        return {}
    try:
        folder.check_format()
        async with _postgres_in(folder) as server:
            return await known_to(settings.model_copy(update={"database_url": server.url("registry")}))
    except (CannotStart, OSError, asyncpg.PostgresError) as error:
        log.warning("erasures of the data put aside are not read", reason=str(error))
        return {}


async def _fill(fresh: DataFolder, source: Source, settings: Settings, drawn: Secrets) -> tuple[int, int]:
    """A data folder with PostgreSQL filled, and stopped again; NATS starts empty and is filled from the journals."""
    write_private(fresh.path / "secrets.json", drawn.model_dump_json(indent=1))
    if (source.backup / EXAMPLES).is_file():
        shutil.copyfile(source.backup / EXAMPLES, fresh.path / EXAMPLES)
    async with _postgres_in(fresh) as server:
        each = {name: settings.model_copy(update={"database_url": server.url(name)}) for name in SERVICES}
        await fill_all(source.backup, source.manifest, each)
        return await ready_to_speak(each, source.manifest), await erase_again(source.known, each)


@asynccontextmanager
async def _postgres_in(folder: DataFolder) -> AsyncIterator[PostgresServer]:
    """PostgreSQL alone, for as long as the body lasts."""
    server = PostgresServer(folder, folder.secrets(SERVICES), SERVICES)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
