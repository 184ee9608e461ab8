"""A server killed, and held down for as long as the test wants: its keeper waits at the door."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.conftest import eventually


class Held:
    """Takes an embedded server (NATS or PostgreSQL) down by kill -9; the supervisor brings it back when allowed."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self._allowed = asyncio.Event()
        self._allowed.set()
        self._run = server.run
        server.run = self._run_when_allowed

    async def _run_when_allowed(self) -> None:
        await self._allowed.wait()
        await self._run()

    async def kill(self) -> None:
        """kill -9, then back as fast as its keeper can."""
        before = self.server.process.pid
        os.kill(before, signal.SIGKILL)
        await self._back(before)

    @asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        """kill -9, and down for as long as the body lasts."""
        before = self.server.process
        self._allowed.clear()
        os.kill(before.pid, signal.SIGKILL)
        await before.wait()
        try:
            yield
        finally:
            self._allowed.set()
            await self._back(before.pid)

    async def _back(self, before: int) -> None:
        async def back() -> bool:
            return self.server.process.pid != before and self.server.process.alive and await self._listens()

        await eventually(back, 30)

    async def _listens(self) -> bool:
        try:
            _reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        except OSError:
            return False
        writer.close()
        return True

    def release(self) -> None:
        """Give the server its own way back."""
        self._allowed.set()
        self.server.run = self._run


def empty(folder: Path) -> int:
    """Remove everything in a folder, as a lost disk would; how many files went."""
    gone = [file for file in folder.rglob("*") if file.is_file()]
    for entry in folder.iterdir():
        shutil.rmtree(entry)
    return len(gone)
