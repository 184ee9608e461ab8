"""Forward-only migrations: `NNNN_pre_*.sql` before the new code, `NNNN_post_*.sql` once the old is gone."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import asyncpg

from shared.errors import Unavailable

Phase = Literal["pre", "post"]
SHARED = Path(__file__).parent / "migrations"
_LOCK = 7_215_902


class MigrationChanged(Exception):
    """A migration already applied was edited; migrations only go forward."""


class DatabaseIsNewer(Exception):
    """The database was moved by a newer version, which has dropped what this one needs."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file, one transaction."""

    name: str
    phase: Phase
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_in(folder: Path) -> list[Migration]:
    """The shared migrations, then the service's own, each in the order of its number."""
    found = []
    for origin, where in (("shared", SHARED), (folder.parent.name, folder)):
        for file in sorted(where.glob("[0-9][0-9][0-9][0-9]_*.sql")):
            phase: Phase = "post" if file.name[5:].startswith("post_") else "pre"
            found.append(Migration(f"{origin}/{file.stem}", phase, file.read_text()))
    return found


async def migrate(url: str, folder: Path, phases: tuple[Phase, ...] = ("pre", "post")) -> list[str]:
    """Apply what is missing under a lock; returns the names applied. Raises MigrationChanged."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(
            """CREATE TABLE IF NOT EXISTS migration
               (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"""
        )
        known = {row["name"]: row["checksum"] for row in await connection.fetch("SELECT name, checksum FROM migration")}
        done = []
        for migration in migrations_in(folder):
            if migration.name in known:
                if known[migration.name] != migration.checksum:
                    raise MigrationChanged(migration.name)
            elif migration.phase in phases:
                async with connection.transaction():
                    await connection.execute(migration.sql)
                    await connection.execute(
                        "INSERT INTO migration (name, checksum) VALUES ($1, $2)", migration.name, migration.checksum
                    )
                done.append(migration.name)
        return done
    finally:
        await connection.close()


async def check(url: str, folder: Path) -> None:
    """A replica runs no migration: it refuses to serve without its `pre` ones, or after a `post` it does not know."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        applied = {row["name"] for row in await connection.fetch("SELECT name FROM migration")}
    except asyncpg.UndefinedTableError:
        raise Unavailable("The database has no tables yet: run `maillage migrate pre`.") from None
    finally:
        await connection.close()
    ours = migrations_in(folder)
    missing = [m.name for m in ours if m.phase == "pre" and m.name not in applied]
    if missing:
        raise Unavailable(f"Migrations are missing, run `maillage migrate pre`: {', '.join(missing)}")
    strangers = applied - {m.name for m in ours}
    if any("_post_" in name for name in strangers):
        raise DatabaseIsNewer(", ".join(sorted(strangers)))
