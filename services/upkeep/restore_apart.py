"""Restore into four databases given by their addresses: refused while anything speaks to them, streams made anew."""

from pathlib import Path

import asyncpg
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from services import reach
from services.operations import declare
from services.purging import requested_on_the_bus
from services.upkeep.backup import back_up
from services.upkeep.erasing import erase_again, kept_in, known_to
from services.upkeep.errors import UpkeepRefused
from services.upkeep.manifest import Manifest, fingerprints
from services.upkeep.restoring import Restored, check_versions, fill_all, ready_to_speak
from shared.contracts import FACTS, PEOPLE
from shared.settings import SERVICES, Settings


async def restore_apart(backup: Path, manifest: Manifest, aside: Path | None) -> Restored:
    """What the backup holds, in the four databases; what was there is first backed up into `aside`."""
    settings = {name: reach.settings_of(name) for name in SERVICES}
    shared = settings["registry"]
    check_versions(manifest, shared)
    if fingerprints(shared) != manifest.fingerprints:
        raise UpkeepRefused(
            "MAILLAGE_SECRET ou MAILLAGE_PEOPLE_SECRET n’est pas celui de cette sauvegarde\u00a0: les liens des "
            "courriels ne s’ouvriraient plus et les personnes ne seraient plus reconnues. "
            "Remettez-les, puis recommencez."
        )
    async with reach.bus_owner() as owner:
        full = [name for name, one in settings.items() if await _refuse_live(name, one.database_url)]
        if full and aside is None:
            raise UpkeepRefused(
                f"Les bases ne sont pas vides ({', '.join(full)})\u00a0: dites avec --aside DOSSIER où les sauvegarder "
                "d’abord. Rien n’est effacé."
            )
        known = kept_in(backup.parent) | await requested_on_the_bus(owner, shared.network)
        if "registry" in full:
            known |= await known_to(shared)
        kept = await back_up(aside) if full and aside else None
        try:
            for one in settings.values():
                await _empty(one.database_url)
            await fill_all(backup, manifest, settings)
            waiting = await ready_to_speak(settings, manifest)
            erased = await erase_again(known, settings)
            await _new_streams(owner, shared)
        except (UpkeepRefused, *reach.BROKEN) as error:
            where = f" Ce qui était là est entier dans {kept}." if kept else ""
            raise UpkeepRefused(
                f"{reach.told(error)} La restauration s’est arrêtée en route\u00a0: les bases ne servent pas en "
                f"l’état. Recommencez-la, une fois la cause levée.{where}"
            ) from error
    return Restored(backup, manifest, kept, waiting, erased)


async def _refuse_live(name: str, url: str) -> bool:
    """Whether a database holds anything; UpkeepRefused while somebody else speaks to it."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        others = await connection.fetchval(
            """SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"""
        )
        if others:
            raise UpkeepRefused(
                f"Le service {name} est encore relié à sa base ({others} connexions)\u00a0: arrêtez les services avant "
                "de restaurer."
            )
        if await connection.fetchval("SELECT to_regclass('public.journal')") is None:
            return False
        return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM journal)"))
    finally:
        await connection.close()


async def _empty(url: str) -> None:
    """Everything the service's role has made; the database and its extensions are another's, and stay."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute("DROP OWNED BY CURRENT_USER CASCADE")
    finally:
        await connection.close()


async def _new_streams(owner: Client, settings: Settings) -> None:
    """Streams that hold what the databases no longer know would speak of it to a replay: they are made anew."""
    js = owner.jetstream(timeout=10)
    for stream in (FACTS, PEOPLE):
        try:
            await js.delete_stream(stream)
        except NotFoundError:
            continue
    await declare(owner, settings)
