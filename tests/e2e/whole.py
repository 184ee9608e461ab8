"""The whole of it as a newcomer runs it: `maillage run` in a process group of its own, and the commands beside it.

`Whole(folder)` keeps its data folder and port from one life to the next. Everything dies with the test.
"""

import asyncio
import json
import os
import signal
import sys
import sysconfig
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared.embedded.ports import free_port
from shared.embedded.process import LAUNCHER
from shared.settings import SERVICES
from tests.conftest import eventually

MAILLAGE = [sys.executable, str(Path(sysconfig.get_path("scripts")) / "maillage")]
TIED = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(signal.SIGKILL)), "0"]
READY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All that a person read."""
        return (self.out + self.err).strip()


def environment(data: Path, **more: str) -> dict[str, str]:
    """What a newcomer's shell holds, and the settings under test."""
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(data.parent), "MAILLAGE_DATA": str(data)} | more


async def command(data: Path, *words: str, **more: str) -> Ended:
    """Run `maillage ...` to its end."""
    process = await asyncio.create_subprocess_exec(
        *TIED,
        *MAILLAGE,
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(data, **more),
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return Ended(await process.wait(), out.decode(), err.decode())


def holders(folder: Path) -> dict[int, str]:
    """Living processes with this folder in their command line, by pid."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in line:
                found[int(entry.name)] = line.strip()
    return found


class Whole:
    """One data folder and the `maillage run` that holds it."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.data = folder / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.screen = folder / "screen.txt"
        self.client = httpx.AsyncClient(base_url=self.url, timeout=20)
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The pid of its present life, which is its process group too."""
        assert self._process is not None
        return self._process.pid

    @property
    def system(self) -> dict[str, Any]:
        """What the data folder says of the running system."""
        found: dict[str, Any] = json.loads((self.data / "system.json").read_text())
        return found

    async def start(self) -> None:
        """Start it, as a terminal does: a process group for Ctrl-C."""
        with self.screen.open("wb") as screen:
            self._process = await asyncio.create_subprocess_exec(
                *TIED,
                *MAILLAGE,
                "run",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=screen,
                stderr=screen,
                start_new_session=True,
                env=environment(self.data, PORT=str(self.port), **self._settings),
            )

    async def until_ready(self) -> list[int]:
        """Wait until all four services are ready; each status that a health check met on the way."""
        met: list[int] = []
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            assert self.alive, f"maillage run ended:\n{self.shown}"
            with suppress(httpx.TransportError):
                asked = [await self.client.get(f"/{name}/health/ready") for name in SERVICES]
                met.append(max(answer.status_code for answer in asked))
                if met[-1] == 200:
                    return met
            await asyncio.sleep(0.05)
        raise AssertionError(f"not ready in {READY_SECONDS} s, met {set(met)}:\n{self.shown}")

    async def until_shown(self, words: str, seconds: float = 5) -> str:
        """What the terminal shows, once it shows these words."""

        async def look() -> str | None:
            return self.shown if words in self.shown else None

        return await eventually(look, seconds)

    @property
    def shown(self) -> str:
        return self.screen.read_text(errors="replace")

    async def end(self, number: signal.Signals, seconds: float = 20) -> int:
        """Send a signal to its whole group, as Ctrl-C does; its exit code."""
        assert self._process is not None
        if self.alive:
            os.killpg(self.pid, number)
        async with asyncio.timeout(seconds):
            return await self._process.wait()

    async def command(self, *words: str, **more: str) -> Ended:
        """Run `maillage ...`, told of nothing but the data folder."""
        return await command(self.data, *words, **more)
