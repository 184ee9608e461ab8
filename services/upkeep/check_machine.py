"""The disk and how long it lasts, and the age of the last backup."""

import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from services.upkeep.check_servers import ago
from services.upkeep.errors import UpkeepRefused
from services.upkeep.findings import Finding, unknown, well, wrong
from services.upkeep.forecast import Growth, days_left
from services.upkeep.manifest import find_backup, read_manifest
from services.upkeep.settings import UpkeepSettings
from shared.clock import now
from shared.settings import Settings

LEAST_FREE = 1024**3
FEWEST_DAYS = 14
OLDEST_BACKUP = timedelta(hours=48)
USUAL_PLACES = (Path("/var/lib/postgresql"), Path("/var/lib/maillage"))


def disk_findings(settings: Settings, upkeep: UpkeepSettings, growths: Sequence[Growth]) -> Iterator[Finding]:
    """Free space where data are, on this machine, and for how many days."""
    places = [one for one in (settings.data, upkeep.backups_folder, *USUAL_PLACES) if one and os.path.exists(one)]
    if not places:
        yield unknown(
            "disk", "Aucun dossier de données sur cette machine\u00a0: regardez le disque là où est PostgreSQL."
        )
        return
    free = min(shutil.disk_usage(place).free for place in places)
    rows = sum(one.rows_a_day for one in growths)
    size = sum(one.database_bytes for one in growths)
    said = f"{_size(free)} libres\u00a0; les bases tiennent {_size(size)} et reçoivent {rows:.0f} lignes par jour"
    left = days_left(free, growths)
    if free < LEAST_FREE:
        yield wrong("disk", f"{said}\u00a0: faites de la place maintenant.")
    elif left is not None and left < FEWEST_DAYS:
        yield wrong("disk", f"{said}, soit encore {left:.0f} jours\u00a0: agrandissez le disque.")
    else:
        yield well("disk", f"{said}{f', soit encore {left:.0f} jours' if left and left < 3650 else ''}.")


def backup_findings(upkeep: UpkeepSettings) -> Iterator[Finding]:
    """The newest backup of MAILLAGE_BACKUPS."""
    place = upkeep.backups_folder
    if place is None:
        return
    try:
        newest = find_backup(place)
        age = now() - read_manifest(newest).taken_at
    except UpkeepRefused as error:
        yield wrong("backup", f"{error.sentence} Lancez maillage backup {place}.")
        return
    if age > OLDEST_BACKUP:
        yield wrong("backup", f"La dernière sauvegarde a {ago(age)}\u00a0: regardez maillage-backup.timer.")
    else:
        yield well("backup", f"La dernière sauvegarde a {ago(age)}\u00a0: {newest.name}.")


def _size(number: int) -> str:
    return f"{number / 1024**3:.1f} Go" if number >= 1024**3 else f"{number // 1024**2} Mo"
