"""Speaking to the mail server: one connection for several mails, and what its answers mean."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

from services.mailing.mails.addresses import Sender, host_of
from services.mailing.wire import NotOpened, Reply, Wire
from shared.settings import Settings

TIMEOUT_SECONDS = 20.0
IDLE_SECONDS = 5.0
GO_ON, CLOSING = 354, 421
"""A server waits for the message; a server says that it closes the connection."""

About = Literal["sender", "recipient", "mail"]
"""What a reply is about: only what is said of the recipient or of the mail itself refuses it for good."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt."""

    kind: Literal["accepted", "refused", "later", "outage"]
    reason: str = ""
    """The code and enhanced code alone: a server's sentence may hold an address."""
    no_such_mailbox: bool = False
    perhaps_left: bool = False
    """The server had the message, or part of it, and said nothing more: it may have kept it."""


class Connections:
    """Connections to the mail server: a lane takes one, and leaves it to the next lane for a while."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._idle: list[tuple[float, Connection]] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator["Connection"]:
        """A connection of one's own."""
        connection = self._idle.pop()[1] if self._idle else Connection(self.settings)
        async with AsyncExitStack() as stack:
            yield await stack.enter_async_context(connection)
            stack.pop_all()  # all went well: the next lane may have it
        self._idle.append((time.monotonic(), connection))

    async def close_idle(self) -> None:
        """Say goodbye on those that nobody took for a while."""
        limit = time.monotonic() - IDLE_SECONDS
        gone = [connection for left_at, connection in self._idle if left_at <= limit]
        self._idle = [(left_at, connection) for left_at, connection in self._idle if left_at > limit]
        await asyncio.gather(*(connection.close() for connection in gone))

    def drop(self) -> None:
        """Let all go without a word: whoever stops does not wait."""
        for _left_at, connection in self._idle:
            connection.drop()
        self._idle = []


class Connection:
    """A connection to the mail server, opened at the first mail and again after a failure."""

    def __init__(self, settings: Settings, timeout: float = TIMEOUT_SECONDS) -> None:
        self.settings = settings
        self.timeout = timeout
        self._wire: Wire | None = None
        self._address = ""
        self._is_handed = False
        """Whether the server was told the message, or part of it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is asyncio.CancelledError:
            self.drop()  # whoever stops does not wait for a goodbye
        await self.close()

    async def send(self, recipient: str, message: bytes) -> Outcome:
        """Hand one message over and wait for the server's word."""
        self._is_handed = False
        if not _is_writable(recipient):
            return Outcome("refused", "unwritable address")
        try:
            async with asyncio.timeout(self.timeout * 2):
                return await self._sent(_envelope(Sender.of(self.settings).address, recipient, message), message)
        except NotOpened as error:
            self.drop()
            return Outcome("outage", _reason(error.reply))
        except (OSError, ValueError) as error:  # or a setting that does not read: no fault of the mail
            self.drop()
            return Outcome("outage", type(error).__name__, perhaps_left=self._is_handed)

    async def _sent(self, envelope: list[bytes], message: bytes) -> Outcome:
        wire, reply = await self._begun(envelope)
        refused = _refusal(reply, "sender")
        stages: tuple[tuple[About, bytes], ...] = (("recipient", envelope[1]), ("mail", envelope[2]))
        for about, command in stages:
            if refused and (refused[0].code == CLOSING or not wire.pipelines):
                break
            if not wire.pipelines:
                wire.replies.write(command)
            reply = await wire.replies.next()
            if refused and reply.code == GO_ON:  # it waits for a message that is for nobody (RFC 2920, 3.1)
                await wire.ask(".")
            refused = refused or _refusal(reply, about)
        if refused:
            return await self._answered(*refused)
        self._is_handed = True
        wire.replies.write(_stuffed(message))
        reply = await wire.replies.next()
        return Outcome("accepted") if reply.code // 100 == 2 else await self._answered(reply, "mail")

    async def _begun(self, envelope: list[bytes]) -> tuple[Wire, Reply]:
        """MAIL FROM answered; a connection kept open and closed by the server meanwhile is opened again, once.

        Nothing of the mail was said yet, so that beginning again cannot send it twice."""
        kept = self._wire
        try:
            wire = await self._opened()
            reply = await self._first(wire, envelope)
        except OSError:
            if kept is None or self._wire is not kept:
                raise
        else:
            if kept is not wire or reply.code != CLOSING:
                return wire, reply
        self.drop()
        wire = await self._opened()
        return wire, await self._first(wire, envelope)

    async def _first(self, wire: Wire, envelope: list[bytes]) -> Reply:
        wire.replies.write(b"".join(envelope) if wire.pipelines else envelope[0])
        return await wire.replies.next()

    async def close(self) -> None:
        """Say goodbye, without waiting long for an answer."""
        if self._wire is None:
            return
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self._wire.ask("QUIT")
        self.drop()

    def drop(self) -> None:
        """Let the connection go without a word."""
        wire, self._wire = self._wire, None
        if wire:
            wire.replies.drop()

    async def _opened(self) -> Wire:
        if self._wire and self._address != self.settings.smtp_url:
            await self.close()
        if self._wire is None or not self._wire.replies.is_open:
            self._address = self.settings.smtp_url
            self._wire = await Wire.opened(urlsplit(self._address), host_of(self.settings))
        return self._wire

    async def _answered(self, reply: Reply, about: About) -> Outcome:
        """What a refusal means, in codes alone."""
        code = reply.code
        if code == CLOSING or code < 400:
            await self.close()
            return Outcome("outage", _reason(reply))
        await self._reset()
        if code < 500 or about == "sender":
            return Outcome("later", _reason(reply))
        gone = code in (550, 551, 553) and reply.enhanced.startswith(("5.1.1", "5.1.10", "5.1.6"))
        return Outcome("refused", _reason(reply), gone and about == "recipient")

    async def _reset(self) -> None:
        """The next mail begins with an empty envelope."""
        try:
            if self._wire:
                await self._wire.ask("RSET")
        except OSError:
            self.drop()


def _is_writable(address: str) -> bool:
    """Whether a command can hold it."""
    return address.isascii() and address.isprintable() and not set(address) & set("<> ")


def _envelope(sender: str, recipient: str, message: bytes) -> list[bytes]:
    """MAIL, RCPT and DATA. Raises ValueError for a sender that no command can hold."""
    if not _is_writable(sender):
        raise ValueError("an address that no command can hold")
    eight = "" if message.isascii() else " BODY=8BITMIME"
    return [
        f"MAIL FROM:<{sender}>{eight}\r\n".encode("ascii"),
        f"RCPT TO:<{recipient}>\r\n".encode("ascii"),
        b"DATA\r\n",
    ]


def _refusal(reply: Reply, about: About) -> tuple[Reply, About] | None:
    is_taken = reply.code == GO_ON if about == "mail" else reply.code // 100 == 2
    return None if is_taken else (reply, about)


def _stuffed(message: bytes) -> bytes:
    """A message as DATA carries it: a dot more where a line begins with one, and the line that ends it."""
    dotted = (b"." if message.startswith(b".") else b"") + message.replace(b"\r\n.", b"\r\n..")
    return dotted + (b".\r\n" if dotted.endswith(b"\r\n") else b"\r\n.\r\n")


def _reason(reply: Reply) -> str:
    return f"{reply.code} {reply.enhanced}".strip()
