"""The house apart: four processes `maillage run <service>`, told by their environment alone, against real servers.

`async with apart(folder) as house:` gives their addresses, their processes to kill and start again, the commands
of the operator, the caught mail and each service's database. Everything dies with the test.
"""

import asyncio
import os
import secrets
import shlex
import signal
import sys
import sysconfig
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg
import httpx

from services.gateway import Gateway
from services.nats_users import bus_users
from services.serving import serve
from shared.embedded.nats import NatsUser
from shared.embedded.ports import free_port
from shared.embedded.process import LAUNCHER
from shared.embedded.system import EmbeddedSystem
from shared.settings import SERVICES
from tests.conftest import Mailbox, eventually
from tests.e2e.forwarding import Forward

NETWORK = "so-cooperation"
MAILLAGE = shlex.split(os.environ.get("MAILLAGE_COMMAND", "")) or [
    sys.executable,
    str(Path(sysconfig.get_path("scripts")) / "maillage"),
]
"""What stands for `maillage`: another version, or a container of the image (`in_container.sh`)."""
READY_SECONDS = 90
STOP_SECONDS = 20


class ServiceProcess:
    """One `maillage run <service>`; it keeps its port from one life to the next."""

    def __init__(
        self,
        service: str,
        environment: Mapping[str, str],
        folder: Path,
        command: Sequence[str] = MAILLAGE,
        port: int | None = None,
    ) -> None:
        self.service = service
        self.environment = dict(environment)
        self.command = command
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"{service}-{self.port}.log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The pid of its present life."""
        assert self._process is not None, f"{self.service} was never started"
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it, tied to the life of the test process; `until_ready` waits for it."""
        assert not self.alive, f"{self.service} already runs"
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(signal.SIGKILL)), "0"]
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *launcher,
                *(*self.command, "run", self.service, "--port", str(self.port)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.environment,
            )

    async def until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait for `/{service}/health/ready`; AssertionError, with the end of its log, when it does not come."""
        async with httpx.AsyncClient(base_url=self.url, timeout=5) as client:

            async def ready() -> bool:
                assert self.alive, f"{self.service} ended:\n{self.last_words()}"
                try:
                    return (await client.get(f"/{self.service}/health/ready")).status_code == 200
                except httpx.TransportError:
                    return False

            try:
                await eventually(ready, seconds)
            except AssertionError as error:
                raise AssertionError(f"{self.service} is not ready in {seconds} s:\n{self.last_words()}") from error

    async def kill(self) -> None:
        """kill -9."""
        await self._end(signal.SIGKILL)

    async def stop(self, seconds: float = STOP_SECONDS) -> int:
        """SIGTERM, as an orchestrator does; returns its exit code. TimeoutError when it does not end in time."""
        async with asyncio.timeout(seconds):
            return await self._end(signal.SIGTERM)

    async def restart(self) -> None:
        """kill -9, start, wait until it is ready."""
        if self.alive:
            await self.kill()
        await self.start()
        await self.until_ready()

    def send(self, number: signal.Signals) -> None:
        """Send any signal (SIGSTOP, SIGCONT) to its present life."""
        assert self.alive, f"{self.service} does not run"
        os.kill(self.pid, number)

    def last_words(self, lines: int = 30) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        if self.alive:
            os.kill(self.pid, number)
        return await self._process.wait()


@dataclass
class Apart:
    """Four processes at work, and what a test wants of them."""

    folder: Path
    system: EmbeddedSystem
    url: str
    """The gateway in front; links in mails begin with it."""
    environments: dict[str, dict[str, str]]
    operator: dict[str, str]
    services: dict[str, ServiceProcess] = field(default_factory=dict)
    client: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)
    """Anybody, through the gateway."""
    staff: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)
    """The team, by the API token that `maillage token create` printed."""
    _eyes: dict[str, Any] = field(default_factory=dict)
    """A connection to each database that was looked into: opening one costs more than most looks."""
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def mailbox(self) -> Mailbox:
        """The mail that was really sent by SMTP."""
        return Mailbox(self.client)

    async def command(self, *words: str, service: str | None = None) -> str:
        """Run `maillage ...` as the operator, or with one service's environment; what it printed on stdout."""
        environment = self.environments[service] if service else self.operator
        await self.close()  # a restore refuses a database into which anybody looks
        ended = await asyncio.create_subprocess_exec(
            *(*MAILLAGE, *words),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )
        said, complained = await ended.communicate()
        assert ended.returncode == 0, f"maillage {' '.join(words)}: {complained.decode()}{said.decode()}"
        return said.decode()

    async def another(self, service: str) -> ServiceProcess:
        """One more process of a service, on a port of its own, ready; whoever asks for it stops it."""
        process = ServiceProcess(service, self.environments[service], self.folder)
        await process.start()
        await process.until_ready()
        return process

    async def rows(self, service: str, query: str, *values: object) -> list[Any]:
        """What a service's database really holds, read from outside."""
        async with self._one_at_a_time:
            with suppress(asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.AdminShutdownError, OSError):
                if kept := self._eyes.get(service):
                    return list(await kept.fetch(query, *values))
            opened = await asyncpg.connect(self.system.database_url(service), statement_cache_size=0)
            self._eyes[service] = opened  # the first, or one for another that a fault of the test has ended
            return list(await opened.fetch(query, *values))

    async def close(self) -> None:
        """Look into no database any more, until the next look."""
        async with self._one_at_a_time:
            for connection in self._eyes.values():
                connection.terminate()
            self._eyes.clear()


@asynccontextmanager
async def apart(folder: Path, extra: Mapping[str, str] | None = None) -> AsyncIterator[Apart]:
    """Servers, migrations, streams, four processes and a gateway; `extra` settings go to every process."""
    users = [NatsUser(one.name, one.publish, one.subscribe) for one in bus_users(NETWORK)]
    async with AsyncExitStack() as stack:
        system = await stack.enter_async_context(EmbeddedSystem(folder / "servers", nats_users=users))
        port = free_port()
        house = Apart(folder, system, f"http://127.0.0.1:{port}", {}, {})
        common = _common_settings(house) | dict(extra or {})
        house.environments = {name: common | _settings_of(system, name) for name in SERVICES}
        house.operator = common | _operator_settings(house)
        await _prepare(house)
        house.services = {name: ServiceProcess(name, house.environments[name], folder) for name in SERVICES}
        stack.push_async_callback(_end_all, house)
        for process in house.services.values():
            await process.start()
        await _open_gateway(house, port, stack)
        await asyncio.gather(*(process.until_ready() for process in house.services.values()))
        yield house


def _common_settings(house: Apart) -> dict[str, str]:
    """What all four are told: production, secrets of their own, and no data folder to lean on."""
    return {
        "PATH": os.defpath,
        "LC_ALL": "C.UTF-8",
        "MAILLAGE_PRODUCTION": "true",
        "MAILLAGE_DATA": "/nonexistent",
        "MAILLAGE_NETWORK": NETWORK,
        "MAILLAGE_PUBLIC_URL": house.url,
        "MAILLAGE_SECRET": secrets.token_urlsafe(32),
        "MAILLAGE_PEOPLE_SECRET": secrets.token_urlsafe(32),
        "MAILLAGE_SMTP_URL": house.system.smtp_url,
        "MAILLAGE_POOL": "8",
    }


def _settings_of(system: EmbeddedSystem, service: str) -> dict[str, str]:
    bus = urlsplit(system.nats_url(service))
    return {
        "MAILLAGE_DATABASE_URL": system.database_url(service),
        "MAILLAGE_NATS_URL": f"nats://{bus.hostname}:{bus.port}",
        "MAILLAGE_NATS_USER": service,
        "MAILLAGE_NATS_PASSWORD": unquote(bus.password or ""),
    }


def _operator_settings(house: Apart) -> dict[str, str]:
    """The operator reads all four databases: one address with `{service}`, the passwords in a pgpass file."""
    databases = [urlsplit(house.system.database_url(name)) for name in SERVICES]
    lines = [f"{d.hostname}:{d.port}:{d.path[1:]}:{d.username}:{unquote(d.password or '')}\n" for d in databases]
    passwords = house.folder / "pgpass"
    passwords.touch(mode=0o600)
    passwords.write_text("".join(lines))
    bus = urlsplit(house.system.nats_url("owner"))
    address = f"postgresql://{{service}}@{databases[0].hostname}:{databases[0].port}/{{service}}?sslmode=disable"
    return {
        "PGPASSFILE": str(passwords),
        "MAILLAGE_DATABASE_URL": address,
        "MAILLAGE_NATS_URL": f"nats://{bus.hostname}:{bus.port}",
        "MAILLAGE_OWNER_NATS_PASSWORD": unquote(bus.password or ""),
    }


async def _prepare(house: Apart) -> None:
    """What an operator does before the services start, by the same commands."""
    await house.command("migrate")
    await house.command("bus", "apply")
    token = (await house.command("token", "create", "--role", "staff")).splitlines()[-1]
    headers = {"Authorization": f"Bearer {token}"}
    house.client = httpx.AsyncClient(base_url=house.url, timeout=20)
    house.staff = httpx.AsyncClient(base_url=house.url, timeout=20, headers=headers)


async def _open_gateway(house: Apart, port: int, stack: AsyncExitStack) -> None:
    forwarding = await stack.enter_async_context(httpx.AsyncClient(timeout=None, limits=httpx.Limits()))
    forwards = {name: Forward(forwarding, process.url) for name, process in house.services.items()}
    gateway = Gateway(forwards, {"/courrier": house.system.mailbox_app})
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(gateway, "127.0.0.1", port, stop))

    async def close() -> None:
        await house.close()
        await house.client.aclose()
        await house.staff.aclose()
        stop.set()
        await serving

    stack.push_async_callback(close)


async def _end_all(house: Apart) -> None:
    left = [process for process in house.services.values() if process.alive]
    for process in left:
        process.send(signal.SIGCONT)
    ended = await asyncio.gather(*(process.stop(5) for process in left), return_exceptions=True)
    for process, outcome in zip(left, ended, strict=True):
        if isinstance(outcome, TimeoutError):
            await process.kill()
