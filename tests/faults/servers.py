"""A server killed, and held down for as long as the test wants: its keeper waits at the door."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

BACK_SECONDS = 30


class Held:
    """Takes an embedded server (NATS or PostgreSQL) down by kill -9; the supervisor brings it back when allowed."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self._allowed = asyncio.Event()
        self._allowed.set()
        self._answers = asyncio.Event()
        self._run = server.run
        server.run = self._run_when_allowed

    async def _run_when_allowed(self) -> None:
        await self._allowed.wait()
        await self._run()
        self._answers.set()

    async def kill(self) -> None:
        """kill -9, then back as fast as its keeper can."""
        async with self.down():
            self._allowed.set()

    @asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        """kill -9, and down for as long as the body lasts; it answers again once this is left."""
        before = self.server.process
        self._allowed.clear()
        self._answers.clear()
        os.kill(before.pid, signal.SIGKILL)
        await before.wait()
        try:
            yield
        finally:
            self._allowed.set()
            await asyncio.wait_for(self._answers.wait(), BACK_SECONDS)

    def release(self) -> None:
        """Give the server its own way back."""
        self._allowed.set()
        self.server.run = self._run


@contextmanager
def hung(*pids: int) -> Iterator[None]:
    """Processes stopped in their steps: their connections stay open and nothing comes."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def empty(folder: Path) -> int:
    """Remove everything in a folder, as a lost disk would; how many files went."""
    gone = [file for file in folder.rglob("*") if file.is_file()]
    for entry in folder.iterdir():
        shutil.rmtree(entry)
    return len(gone)
