"""A backup: four databases as they were at one moment, the secrets apart, a manifest written last."""

import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path

import asyncpg

from services import reach
from services.upkeep.dumping import contents, dump
from services.upkeep.erasing import keep_in, kept_in, known_to
from services.upkeep.errors import UpkeepRefused
from services.upkeep.manifest import (
    MANIFEST,
    PARTIAL,
    PREFIX,
    SECRETS,
    Contents,
    Manifest,
    backups_in,
    belong_with,
    fingerprints,
    read_backup,
    sha256,
)
from shared.clock import now
from shared.embedded.layout import write_private
from shared.settings import Settings

LISTENERS_FIRST = ("observatory", "mailing", "events", "registry")
"""A service is seen before those it hears: what it has heard is then in their journals, never the other way round."""
EXAMPLES = "examples.json"
LEFT_SECONDS = 86_400


async def back_up(place: Path, with_secrets: bool = True) -> Path:
    """Write a backup into a new folder of `place`, which takes its name once whole; returns that folder."""
    settings = {name: reach.settings_of(name) for name in LISTENERS_FIRST}
    shared, moment = settings["registry"], now()
    name = f"{PREFIX}{moment:%Y%m%dT%H%M%SZ}"
    try:
        with _becoming(place / name) as fresh:
            databases = await _dump_all(settings, fresh)
            if with_secrets:
                secrets = {"secret": shared.secret, "people_secret": shared.people_secret}
                write_private(fresh / SECRETS, json.dumps(secrets, indent=1))
            if not reach.is_apart() and (shared.data / EXAMPLES).is_file():
                shutil.copyfile(shared.data / EXAMPLES, fresh / EXAMPLES)
            manifest = Manifest(
                version=version("maillage"),
                network=shared.network,
                taken_at=moment,
                databases=databases,
                files={file.name: _synced(file) for file in sorted(fresh.iterdir())},
                fingerprints=fingerprints(shared),
            )
            keep_in(place, await known_to(shared))
            write_private(fresh / MANIFEST, manifest.sealed().model_dump_json(indent=1))
    except reach.BROKEN as error:
        raise UpkeepRefused(f"La sauvegarde dans {place} ne s’est pas faite. {reach.told(error)}") from error
    return place / name


async def _dump_all(settings: dict[str, Settings], folder: Path) -> dict[str, Contents]:
    found = {}
    async with AsyncExitStack() as stack:
        seen = {name: await stack.enter_async_context(_moment_of(one.database_url)) for name, one in settings.items()}
        for name, (connection, snapshot) in seen.items():
            await dump(settings[name].database_url, snapshot, folder / f"{name}.dump")
            found[name] = await contents(connection)
    return found


@asynccontextmanager
async def _moment_of(url: str) -> AsyncIterator[tuple[asyncpg.Connection, str]]:
    """A connection that sees one moment for as long as it is held, and the name by which pg_dump sees the same."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute("SET idle_in_transaction_session_timeout = 0")
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection, str(await connection.fetchval("SELECT pg_export_snapshot()"))
    finally:
        await connection.close()


@contextmanager
def _becoming(whole: Path) -> Iterator[Path]:
    """A new folder beside `whole`, which takes that name once the body is done, and goes when it was not."""
    whole.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _clear_partial(whole.parent)
    fresh = whole.with_name(f".{whole.name}{PARTIAL}")
    fresh.mkdir(mode=0o700)
    try:
        yield fresh
        for one in (fresh, *fresh.iterdir()):
            belong_with(one, whole.parent)
        fresh.rename(whole)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _synced(file: Path) -> str:
    """The checksum of a file that is surely on the disk, and closed to others."""
    file.chmod(0o600)
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return sha256(file)


def _clear_partial(place: Path) -> None:
    """What a backup cut short has left behind; a younger one may still be at work."""
    for left in place.glob(f".{PREFIX}*{PARTIAL}"):
        if time.time() - left.stat().st_mtime > LEFT_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def copy_backup(backup: Path, second: Path) -> Path:
    """The same backup in a second place, read back and compared before it takes its name."""
    try:
        with _becoming(second / backup.name) as fresh:
            for file in backup.iterdir():
                shutil.copy2(file, fresh)
            read_backup(fresh)
            keep_in(second, kept_in(backup.parent))
    except OSError as error:
        raise UpkeepRefused(f"La copie dans {second} ne s’est pas faite. {reach.told(error)}") from error
    return second / backup.name


def forget_old(place: Path, keep: int) -> list[Path]:
    """Remove all but the `keep` newest backups of a folder; what was removed."""
    gone = backups_in(place)[:-keep]
    for one in gone:
        (one / MANIFEST).unlink()  # a removal cut short leaves nothing that looks whole
        shutil.rmtree(one)
    return gone
