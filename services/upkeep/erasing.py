"""Whoever asked to be erased stays so: erasures are kept beside the backups, and applied again to what was restored."""

import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg

from services.purging import Known, apply_again, note_done, remember_receipts, requested_here, requested_in
from services.upkeep.errors import UpkeepRefused
from services.upkeep.manifest import belong_with
from shared.db import Database
from shared.embedded.layout import write_private
from shared.settings import Settings

LIST = "erasures.jsonl"
"""Beside the backups, not in them: keys without names, of every erasure known at the newest backup."""


def kept_in(place: Path) -> Known:
    """The erasures kept beside the backups of a folder; UpkeepRefused where the list does not read."""
    try:
        return requested_in((place / LIST).read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UpkeepRefused(
            f"{place / LIST} ne se lit pas\u00a0: des personnes effacées reviendraient. Réparez-le, ou mettez-le "
            "de côté."
        ) from error


def keep_in(place: Path, known: Known) -> None:
    """Keep these erasures beside the backups, with those kept before."""
    every = kept_in(place) | known
    lines = [
        json.dumps({"erasure_id": str(one), "person_key": key, "requested_at": moment.isoformat()})
        for one, (key, moment) in every.items()
    ]
    write_private(place / LIST, "".join(f"{line}\n" for line in lines))
    belong_with(place / LIST, place)


async def known_to(settings: Settings) -> Known:
    """The erasures that a registry's database knows."""
    db = Database(settings.database_url, settings.network, 2)
    await db.open()
    try:
        return await requested_here(db)
    except asyncpg.UndefinedTableError:  # a version that could not erase yet, about to be upgraded
        return {}
    finally:
        await db.close()


async def erase_again(known: Known, settings: Mapping[str, Settings]) -> int:
    """Ask every restored service for the erasures it has not heard of; how many people this is."""
    async with AsyncExitStack() as stack:
        databases = {}
        for name, one in settings.items():
            databases[name] = Database(one.database_url, one.network, 2)
            await databases[name].open()
            stack.push_async_callback(databases[name].close)
        await remember_receipts(known, databases["registry"])
        asked = 0
        for name, db in databases.items():
            asked = max(asked, await apply_again(known, db))
            await note_done(databases["registry"], name, db)
        return asked
