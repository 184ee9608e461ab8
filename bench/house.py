"""The product as its users run it apart: four processes `maillage run <service>`, settings from the environment."""

import asyncio
import json
import os
import secrets
import signal
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil

from bench.servers import NETWORK
from services.mailing.mails.keys import new_key, on_one_line
from shared.embedded.ports import free_port
from shared.embedded.process import LAUNCHER
from shared.settings import SERVICES
from shared.web.session import Signer, new_session

MAILLAGE = Path(sysconfig.get_path("scripts")) / "maillage"
STARTED_SECONDS = 60


@dataclass
class House:
    """Addresses, processes, and what a bench asks of them."""

    folder: Path
    secrets: dict[str, str]
    databases: dict[str, str] = field(default_factory=dict)
    nats: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    services: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    servers: asyncio.subprocess.Process | None = None

    smtp: str = ""
    dkim_key: str = field(default_factory=lambda: on_one_line(new_key("rsa")))
    """Signs the letters, and those of the limit."""
    command: Path = MAILLAGE

    def environment(self, service: str) -> dict[str, str]:
        """The settings by which a process is this service of this house, or speaks to it."""
        return self.secrets | _environment(self, service, self.smtp)

    @property
    def token(self) -> str:
        """An API token of the team, as `maillage token create` prints."""
        return Signer(self.secrets["MAILLAGE_SECRET"]).session(new_session("staff"), "api-token")

    def client(self, service: str) -> httpx.AsyncClient:
        """The team, speaking to one service."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.ports[service]}", headers=headers, timeout=60)

    @asynccontextmanager
    async def connection(self, database: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection to one of the databases, for several questions."""
        connection = await asyncpg.connect(self.databases[database], timeout=10)
        try:
            yield connection
        finally:
            await connection.close()

    async def copy(self, database: str, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        """Rows put in a table at once, as no form could."""
        async with self.connection(database) as connection:
            await connection.copy_records_to_table(table, columns=columns, records=rows)

    async def rows(self, database: str, query: str, *values: object) -> list[Any]:
        """What a database really holds."""
        async with self.connection(database) as connection:
            return list(await connection.fetch(query, *values))

    async def count(self, database: str, query: str, *values: object) -> int:
        """The one number that `query` gives."""
        return int((await self.rows(database, query, *values))[0][0])

    async def spread(self, database: str, commits: str, *values: object) -> float:
        """Seconds between the first and the last of these rows' commits, for all of them; `commits` selects (at, n).

        The first commit's rows were under way before it: they count for their share of the time."""
        found = sorted((row[0], row[1]) for row in await self.rows(database, commits, *values))
        seconds = float((found[-1][0] - found[0][0]).total_seconds())
        total = sum(n for _at, n in found)
        return seconds * total / (total - found[0][1]) if len(found) > 1 else 0.0

    def letters(self) -> int:
        """Letters that reached the mail server."""
        return self.mail()[0]

    def mail(self) -> tuple[int, int, int]:
        """Letters that reached the mail server, to how many addresses, of how many bytes in all."""
        letters, addresses, size, _last = self._sink()
        return int(letters), int(addresses), int(size)

    def last_letter(self) -> float:
        """When the last letter reached the mail server, in seconds since 1970; 0 where none did."""
        return float(self._sink()[3])

    def _sink(self) -> list[str]:
        with suppress(OSError):
            return (self.folder / "letters").read_text().split()
        return ["0"] * 4

    def pause(self, *names: str) -> None:
        """Hold services still, all of them where none is named: their after-work does not slow what is measured."""
        for name in names or self.services:
            os.kill(self.services[name].pid, signal.SIGSTOP)

    def resume(self, *names: str) -> None:
        """Let them go on."""
        for name in names or self.services:
            os.kill(self.services[name].pid, signal.SIGCONT)

    def rss_mib(self, services: bool = True) -> float:
        """Memory of the whole in MiB: the four services, NATS, PostgreSQL; what processes share is counted once."""
        assert self.servers is not None
        family = [psutil.Process(process.pid) for process in self.services.values()] if services else []
        own = psutil.Process(self.servers.pid)
        family += own.children(recursive=True)
        total = 0
        for one in family:
            with suppress(psutil.Error):
                total += one.memory_full_info().pss
        return total / 2**20

    async def service(self, name: str, port: int) -> asyncio.subprocess.Process:
        """One more process of a service, as a network adds one; whoever starts it stops it."""
        command = (str(MAILLAGE), "run", name, "--port", str(port))
        return await self.child(*command, log=name, environment=self.environment(name))

    async def child(self, *command: str, log: str, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
        """A process tied to our life, that speaks to a file; SIGKILL, since one held still hears nothing else."""
        death = signal.SIGTERM if log == "servers" else signal.SIGKILL
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(death)), "0"]
        with (self.folder / f"{log}.log").open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *launcher,
                sys.executable,
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", **environment},
                cwd=Path(__file__).parents[1],
            )


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    """Servers and four services, ready; everything is gone at the end but the logs, kept when something failed."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="maillage-bench-")))
        words = {name: secrets.token_urlsafe(32) for name in ("MAILLAGE_SECRET", "MAILLAGE_PEOPLE_SECRET")}
        here = House(folder, words)
        here.servers = await here.child("-m", "bench.servers", str(folder), log="servers", environment={})
        stack.push_async_callback(stop, here.servers)
        told = json.loads(await _written(here))
        here.databases, here.nats, here.smtp = told["databases"], told["nats"], told["smtp"]
        for name in SERVICES:
            here.ports[name] = free_port()
            here.services[name] = await here.service(name, here.ports[name])
            stack.push_async_callback(stop, here.services[name])
        await asyncio.gather(*(_ready(here, name) for name in SERVICES))
        yield here


def _environment(here: House, service: str, smtp: str) -> dict[str, str]:
    return {
        "MAILLAGE_DATA": "/nonexistent",
        "MAILLAGE_NETWORK": NETWORK,
        "MAILLAGE_PRODUCTION": "true",
        "MAILLAGE_PUBLIC_URL": "http://127.0.0.1:8000",
        "MAILLAGE_DATABASE_URL": here.databases[service],
        "MAILLAGE_NATS_URL": here.nats[service],
        "MAILLAGE_SMTP_URL": smtp,
        "MAILLAGE_DKIM_KEY": here.dkim_key if service == "mailing" else "",
    }


async def _written(here: House) -> str:
    assert here.servers is not None
    async with asyncio.timeout(STARTED_SECONDS):
        while not (here.folder / "bench.json").exists():
            if here.servers.returncode is not None:
                raise RuntimeError(f"the servers ended:\n{last_words(here, 'servers')}")
            await asyncio.sleep(0.05)
    return (here.folder / "bench.json").read_text()


async def _ready(here: House, service: str) -> None:
    async with here.client(service) as client, asyncio.timeout(STARTED_SECONDS):
        while True:
            if here.services[service].returncode is not None:
                raise RuntimeError(f"{service} ended:\n{last_words(here, service)}")
            with suppress(httpx.TransportError):
                if (await client.get(f"/{service}/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)


async def stop(process: asyncio.subprocess.Process) -> None:
    """SIGTERM, then SIGKILL after ten seconds."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGCONT)
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 10)
    except TimeoutError:
        process.kill()
        await process.wait()


def last_words(here: House, log: str, lines: int = 20) -> str:
    """The end of a process's log."""
    file = here.folder / f"{log}.log"
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:]) if file.exists() else ""
