"""A wire between a service and the bus that can be cut without a word: what is said is dropped, nobody hangs up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Wire:
    """Carries bytes both ways to `host:port`, or drops them one way or both."""

    host: str
    port: int
    drops_up: bool = False
    """Nothing reaches the server."""
    drops_down: bool = False
    """Nothing comes back."""
    address: str = ""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """From now on nothing passes, either way."""
        self.drops_up = self.drops_down = True

    def mend(self) -> None:
        """Carry again; what was open while bytes were dropped is closed, as a router that forgot it would."""
        self.drops_up = self.drops_down = False
        for writer in self._writers:
            writer.close()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator["Wire"]:
        """Listen for as long as the body lasts; `address` is what a client is told."""

        def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._tasks.add(asyncio.create_task(self._carry(reader, writer)))

        server = await asyncio.start_server(meet, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            above, up = await asyncio.open_connection(self.host, self.port)
            self._writers |= {writer, up}
            try:
                await asyncio.gather(self._copy(reader, up, "drops_up"), self._copy(above, writer, "drops_down"))
            finally:
                self._writers -= {writer, up}
                up.close()
        writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flag: str) -> None:
        while part := await reader.read(65_536):
            if not getattr(self, flag):
                writer.write(part)
                await writer.drain()
        writer.close()
