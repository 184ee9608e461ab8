"""SMTP as bytes: a connection that reads replies, and says the envelope in one go where the server lets it (RFC 2920).

Ours, because a library's coroutine for each command costs more than everything else that a letter needs
(docs/performance.md).
"""

import asyncio
import re
import ssl
from base64 import b64encode
from collections import deque
from dataclasses import dataclass
from typing import cast
from urllib.parse import SplitResult, unquote

LARGEST_REPLY = 65_536
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_REPLY = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said."""

    code: int
    said: str

    @property
    def enhanced(self) -> str:
        """Its enhanced code (RFC 3463), empty where it gives none."""
        return self.said.split(maxsplit=1)[0] if self.said[:2] in ("4.", "5.") else ""


class Gone(OSError):
    """The connection is closed, or what comes through it is not SMTP."""


class NotOpened(Exception):
    """A server that answers and does not let us in."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(str(reply.code))


class Replies(asyncio.Protocol):
    """The replies of a server, in their order."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._rest = b""
        self._lines: list[bytes] = []
        self._said: deque[Reply] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, received: bytes) -> None:
        *lines, self._rest = (self._rest + received).split(b"\n")
        for line in lines:
            self._heard(line.rstrip(b"\r"))
        if len(self._rest) + sum(map(len, self._lines)) > LARGEST_REPLY:
            self.drop()
        if self._said:
            self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._is_lost = True
        self._wake()

    def _heard(self, line: bytes) -> None:
        found = _REPLY.fullmatch(line)
        if found is None:
            self.drop()
            return
        self._lines.append(found[3] or b"")
        if found[2] != b"-":
            said = b"\n".join(self._lines).decode("utf-8", "replace")
            self._said.append(Reply(int(found[1]), said))
            self._lines = []

    def _wake(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    @property
    def is_open(self) -> bool:
        """Whether anything may still be said through it."""
        return not self._is_lost and self.transport is not None and not self.transport.is_closing()

    @property
    def is_quiet(self) -> bool:
        """Whether everything that was said has been read."""
        return not (self._said or self._lines or self._rest)

    def write(self, said: bytes) -> None:
        """Say it; Gone where nobody listens."""
        if not self.is_open or self.transport is None:
            raise Gone
        self.transport.write(said)

    async def next(self) -> Reply:
        """The next reply; Gone where none will come."""
        while not self._said:
            if self._is_lost:
                raise Gone
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self._said.popleft()

    def drop(self) -> None:
        """Close without a word."""
        self._is_lost = True
        if self.transport:
            self.transport.abort()


class Wire:
    """An open connection to the server of an address; `offers` is what its greeting promised."""

    def __init__(self, replies: Replies, name: str) -> None:
        self.replies = replies
        self.name = name
        self.offers: dict[str, str] = {}

    @classmethod
    async def opened(cls, server: SplitResult, name: str) -> "Wire":
        """Connected, encrypted and signed in as the address says. Raises OSError or NotOpened."""
        host, is_tls = server.hostname or "127.0.0.1", server.scheme == "smtps"
        port = server.port or (465 if is_tls else 587 if server.username else 25)
        context = ssl.create_default_context() if is_tls else None
        _transport, replies = await asyncio.get_running_loop().create_connection(Replies, host, port, ssl=context)
        wire = cls(replies, name)
        try:
            _expected(await replies.next(), 220)
            await wire._greet()
            if not is_tls and host not in LOOPBACK:
                await wire._encrypt(host, server.username is not None)
            if server.username is not None:
                await wire._sign_in(unquote(server.username), unquote(server.password or ""))
        except BaseException:
            wire.replies.drop()
            raise
        return wire

    @property
    def pipelines(self) -> bool:
        """Whether several commands may be said before their replies are heard."""
        return "PIPELINING" in self.offers

    async def ask(self, command: str) -> Reply:
        """One command and its reply."""
        self.replies.write(f"{command}\r\n".encode("ascii"))
        return await self.replies.next()

    async def _greet(self) -> None:
        reply = await self.ask(f"EHLO {self.name}")
        if reply.code >= 500:
            _expected(await self.ask(f"HELO {self.name}"), 250)
            return
        offers = [line.partition(" ") for line in _expected(reply, 250).said.splitlines()[1:]]
        self.offers = {word.upper(): values.upper() for word, _space, values in offers}

    async def _encrypt(self, host: str, must: bool) -> None:
        """TLS where it is offered; a password never crosses a network in clear."""
        if "STARTTLS" not in self.offers and not must:
            return
        _expected(await self.ask("STARTTLS"), 220)
        transport = self.replies.transport
        if not self.replies.is_quiet or transport is None:
            raise Gone  # somebody spoke ahead of the encryption: none of it is believed
        context = ssl.create_default_context()
        secret = await asyncio.get_running_loop().start_tls(transport, self.replies, context, server_hostname=host)
        if secret is None:
            raise Gone
        self.replies.transport = secret
        await self._greet()

    async def _sign_in(self, user: str, password: str) -> None:
        ways = self.offers.get("AUTH", "").split()
        if "PLAIN" in ways or "LOGIN" not in ways:
            _expected(await self.ask(f"AUTH PLAIN {_base64(f'{chr(0)}{user}{chr(0)}{password}')}"), 235)
            return
        _expected(await self.ask("AUTH LOGIN"), 334)
        _expected(await self.ask(_base64(user)), 334)
        _expected(await self.ask(_base64(password)), 235)


def _expected(reply: Reply, code: int) -> Reply:
    if reply.code != code:
        raise NotOpened(reply)
    return reply


def _base64(said: str) -> str:
    return b64encode(said.encode()).decode("ascii")
