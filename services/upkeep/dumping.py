"""One database to a file and back, by PostgreSQL's own tools: the wheel's where it is there, else the system's."""

import asyncio
import os
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from services.upkeep.errors import UpkeepRefused
from services.upkeep.manifest import Contents
from shared.embedded.errors import CannotStart
from shared.embedded.postgres import binaries

PASSING_SCHEMAS = ("replay", "retired")
"""What a replay builds and throws away: never in a backup."""


def tool(name: str) -> Path:
    """Where `pg_dump` or `pg_restore` is."""
    try:
        beside = binaries() / name
        if beside.is_file():
            return beside
    except CannotStart:
        pass
    if found := shutil.which(name):
        return Path(found)
    raise UpkeepRefused(f"{name} est introuvable\u00a0: installez le client PostgreSQL de la version du serveur.")


async def contents(connection: asyncpg.Connection) -> Contents:
    """Rows of each table and migrations applied, as this transaction sees them."""
    tables = await connection.fetch(
        """SELECT relname AS name, format('SELECT count(*) FROM public.%I', relname) AS counting
           FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"""
    )  # a table's name cannot be a parameter: the server quotes it
    migrations = []
    if await connection.fetchval("SELECT to_regclass('public.migration')"):  # a restore cut short has left none
        migrations = await connection.fetch("SELECT name FROM migration ORDER BY name")
    return Contents(
        rows={table["name"]: await connection.fetchval(table["counting"]) for table in tables},
        migrations=[row["name"] for row in migrations],
        server=await connection.fetchval("SHOW server_version"),
    )


async def dump(url: str, snapshot: str, file: Path) -> None:
    """Write what `snapshot` sees of a database to a file; its extensions are made by whoever makes the database."""
    await _run(
        "pg_dump",
        url,
        "--format=custom",
        "--compress=gzip:3",
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        "--exclude-extension=*",
        *(f"--exclude-schema={schema}" for schema in PASSING_SCHEMAS),
        f"--snapshot={snapshot}",
        f"--file={file}",
    )


async def fill(url: str, file: Path) -> None:
    """Fill an empty database from a file, whole or not at all."""
    await _run("pg_restore", url, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(file))


async def _run(name: str, url: str, *arguments: str) -> None:
    parts = urlsplit(url)
    environment = {**os.environ, "LC_ALL": "C"}
    if parts.password:  # a command line is read by everybody on the machine
        environment["PGPASSWORD"] = unquote(parts.password)
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit(parts._replace(netloc=f"{parts.username}@{host}" if parts.username else host))
    process = await asyncio.create_subprocess_exec(
        tool(name),
        f"--dbname={bare}",
        "--no-password",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        _none, said = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode:
        last = (said.decode(errors="replace").strip().splitlines() or [f"code {process.returncode}"])[-1]
        raise UpkeepRefused(f"{name} a échoué pour la base {parts.path.lstrip('/')}\u00a0: {last}")
