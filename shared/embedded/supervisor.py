"""Keep the servers up: start them together, start again the one that dies or is stuck, stop them in order."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from shared.embedded.ending import end
from shared.embedded.process import Process

log = structlog.get_logger(__name__)

FIRST_DELAY, LONGEST_DELAY = 0.1, 5.0  # seconds before a server is started again
SETTLED = 30.0  # seconds of life after which a death counts as a first one
LOOK = 5.0  # seconds between two looks at a server that lives


class Server(Protocol):
    """What can be kept up."""

    name: str
    process: Process | None

    async def run(self) -> None:
        """Start on the same port; return when it answers."""

    async def stop(self) -> None:
        """End in good order."""

    async def is_stuck(self) -> bool:
        """Whether it lives, does not do its work, and would after a new start."""


class Supervisor:
    """Watches servers that have been started; `restarted` is called with the name of each one that came back."""

    def __init__(self, restarted: Callable[[str], None]) -> None:
        self._restarted = restarted
        self._servers: list[Server] = []
        self._watches: list[asyncio.Task[None]] = []

    def watch(self, server: Server) -> None:
        """Keep a started server up until `stop`."""
        self._servers.append(server)
        self._watches.append(asyncio.create_task(self._keep_up(server), name=f"watch {server.name}"))
        self._watches.append(asyncio.create_task(self._keep_at_work(server), name=f"look at {server.name}"))

    async def stop(self) -> None:
        """Stop watching, then stop the servers, the last one first."""
        await end(*self._watches)
        for server in reversed(self._servers):
            await server.stop()
        self._servers, self._watches = [], []

    async def _keep_up(self, server: Server) -> None:
        loop = asyncio.get_running_loop()
        delay = FIRST_DELAY
        while True:
            up_since = loop.time()
            code = await server.process.wait() if server.process else -1
            if loop.time() - up_since > SETTLED:
                delay = FIRST_DELAY
            log.error("server died", server=server.name, code=code, again_in=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)
            try:
                await server.run()
                log.info("server is back", server=server.name)
                self._restarted(server.name)
            except Exception as error:  # a full disk, a port taken meanwhile: there is nothing but to try again
                log.error("server does not start", server=server.name, reason=str(error))

    async def _keep_at_work(self, server: Server) -> None:
        """End a server that is stuck: `_keep_up` starts it again."""
        while True:
            await asyncio.sleep(LOOK)
            if await server.is_stuck():
                log.error("server is stuck, and is started again", server=server.name)
                await server.stop()
