"""A mail server whose manners are set by domain, and the mailing service sent to it for as long as a test lasts."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.e2e.apart import Apart

ACCEPTS = "250 2.0.0 OK"
HANGS = "hangs"
"""Says nothing any more once it has the whole message."""
DROPS = "drops"
"""Closes in the middle of DATA."""
CLOSES = "closes"
"""Closes when it hears the recipient."""
SWALLOWS = "swallows"
"""Takes the whole message, keeps it, and closes without a word."""
LARGEST = 1024 * 1024
_MESSAGE_ID = re.compile(rb"^Message-ID: <([^>]+)>", re.MULTILINE | re.IGNORECASE)


@dataclass
class MailServer:
    """What it was asked, what it kept, and how it behaves with each domain; a code and its words refuse at RCPT."""

    manners: dict[str, str] = field(default_factory=dict)
    answers_after: float = 0.0
    """Seconds between the end of a message and our word: letters are in flight meanwhile."""
    kept: list[tuple[str, str]] = field(default_factory=list)
    """Recipient and Message-ID of each message taken, whether the sender heard our word or not."""
    asked: dict[str, list[float]] = field(default_factory=dict)
    """When each recipient was named, by `time.monotonic()`."""
    address: str = ""
    _hung: set[asyncio.StreamWriter] = field(default_factory=set)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    def received(self) -> Counter[str]:
        """How many messages each address got."""
        return Counter(address for address, _id in self.kept)

    @property
    def hanging(self) -> int:
        """How many senders wait for a word that does not come."""
        return len(self._hung)

    def forgive(self) -> None:
        """Every domain is polite from now on; those that hung close their connections."""
        self.manners.clear()
        for writer in self._hung:
            writer.close()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Listen for as long as the body lasts; the address, as MAILLAGE_SMTP_URL wants it."""

        def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._open.add(asyncio.create_task(self._meet(reader, writer)))

        server = await asyncio.start_server(meet, "127.0.0.1", 0, limit=LARGEST)
        try:
            self.address = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self.address
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._converse(reader, writer)
        finally:
            self._hung.discard(writer)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 courrier.example ESMTP\r\n")
        recipient = ""
        while line := await reader.readline():
            verb = line[:4].upper().decode(errors="replace")
            if verb == "RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
                answer = self._named(recipient)
                if answer == CLOSES:
                    return
                writer.write(f"{answer}\r\n".encode())
            elif verb == "DATA":
                if not await self._take(recipient, reader, writer):
                    return
            elif verb == "QUIT":
                writer.write(b"221 2.0.0 Bye\r\n")
                return
            else:
                writer.write(b"250 courrier.example\r\n")
            await writer.drain()

    def _named(self, recipient: str) -> str:
        self.asked.setdefault(recipient, []).append(time.monotonic())
        manner = self._manner(recipient)
        return manner if manner == CLOSES or manner[:1] in "45" else "250 2.1.5 OK"

    def _manner(self, recipient: str) -> str:
        return self.manners.get(recipient.rpartition("@")[2], ACCEPTS)

    async def _take(self, recipient: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take a message, or not, as its domain does; False where the conversation is over."""
        manner = self._manner(recipient)
        writer.write(b"354 go ahead\r\n")
        if manner == DROPS:
            await reader.read(100)
            return False
        message = await reader.readuntil(b"\r\n.\r\n")
        if manner == HANGS:
            self._hung.add(writer)
            await asyncio.Event().wait()
        found = _MESSAGE_ID.search(message)
        self.kept.append((recipient, found.group(1).decode() if found else ""))
        if manner == SWALLOWS:
            return False
        await asyncio.sleep(self.answers_after)
        writer.write(f"{ACCEPTS}\r\n".encode())
        return True


@asynccontextmanager
async def mails_go_to(town: Apart, server: MailServer) -> AsyncIterator[None]:
    """The mailing service, started again with this server's address; with the town's own one afterwards."""
    mailing = town.services["mailing"]
    former = mailing.environment["MAILLAGE_SMTP_URL"]
    async with server.listening() as address:
        try:
            await _restart_with(town, address)
            yield
        finally:
            await _restart_with(town, former)


async def _restart_with(town: Apart, address: str) -> None:
    mailing = town.services["mailing"]
    mailing.environment["MAILLAGE_SMTP_URL"] = address
    if mailing.alive:
        await mailing.stop()
    await mailing.start()
    await mailing.until_ready()
