"""What both restores do alike: each database filled from its file, counted, brought to this version, paused."""

from dataclasses import dataclass
from pathlib import Path

import asyncpg

from services.houses import migrations_of
from services.mailing.commands import pause_sending
from services.upkeep.dumping import contents, fill
from services.upkeep.errors import UpkeepRefused
from services.upkeep.manifest import Manifest
from shared import migrate
from shared.db import Database
from shared.settings import Settings

REASON = "restore"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and where what was there before is now."""

    backup: Path
    manifest: Manifest
    aside: Path | None
    waiting: int
    """Mails that wait for `maillage mail resume`."""
    erased: int
    """People who had asked to be erased after the backup, and are erased again as soon as the services run."""

    @property
    def rows(self) -> int:
        """Rows of all four databases."""
        return sum(sum(one.rows.values()) for one in self.manifest.databases.values())


def check_versions(manifest: Manifest, settings: Settings) -> None:
    """Refuse a backup of another network, or of a version whose tables this one does not know."""
    if manifest.network != settings.network:
        raise UpkeepRefused(
            f"Cette sauvegarde est celle du réseau {manifest.network}, et MAILLAGE_NETWORK dit {settings.network}."
        )
    for name, was in manifest.databases.items():
        known = {one.name for one in migrate.migrations_in(migrations_of(name))}
        if strangers := sorted(set(was.migrations) - known):
            raise UpkeepRefused(
                f"Cette sauvegarde vient de Maillage {manifest.version}, plus récent ({strangers[-1]})\u00a0: "
                "installez cette version d’abord."
            )


async def fill_all(folder: Path, manifest: Manifest, settings: dict[str, Settings]) -> None:
    """The four databases, empty before, as the backup has them, then as this version wants them."""
    for name, one in settings.items():
        await fill(one.database_url, folder / f"{name}.dump")
        await _compare(name, one.database_url, manifest)
        await migrate.migrate(one.database_url, migrations_of(name))


async def _compare(name: str, url: str, manifest: Manifest) -> None:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        found = (await contents(connection)).rows
    finally:
        await connection.close()
    differing = [table for table, n in manifest.databases[name].rows.items() if found.get(table) != n]
    if differing:
        raise UpkeepRefused(
            f"Base {name}\u00a0: {', '.join(differing)} n’ont pas le nombre de lignes de la sauvegarde."
        )


async def ready_to_speak(settings: dict[str, Settings], manifest: Manifest) -> int:
    """The journals will fill empty streams again, and no mail leaves before someone says so; how many mails wait."""
    for name, one in settings.items():
        db = Database(one.database_url, one.network, 2)
        await db.open()
        try:
            async with db.transaction() as tx:
                await tx.execute(
                    """UPDATE journal SET stream_seq = NULL WHERE stream_seq IS NOT NULL AND body IS NOT NULL
                           AND (stream = 'FACTS' OR recorded_at > now() - interval '30 days')"""
                )
                if name == "mailing":
                    waiting = (await pause_sending(tx, REASON, manifest.taken_at)).waiting
        finally:
            await db.close()
    return waiting
