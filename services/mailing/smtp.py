"""Speaking to the mail server: one connection for several mails, and what its answers mean."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.mailing.mails.message import Sender
from shared.settings import Settings

TIMEOUT_SECONDS = 20.0
IDLE_SECONDS = 5.0
CLOSING = 421
"""A server says that it closes the connection."""
ABOUT_IT = (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError)
LOOPBACK = ("127.0.0.1", "::1", "localhost")


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
        self._client: aiosmtplib.SMTP | None = None
        self._address = ""

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
        handed = False
        try:
            async with asyncio.timeout(self.timeout * 2):
                client = await self._envelope_opened()
                await client.rcpt(recipient)
                handed = True
                await client.data(message)
            return Outcome("accepted")
        except aiosmtplib.SMTPResponseException as error:
            return await self._answered(error)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            await self.close()
            return Outcome("outage", type(error).__name__, perhaps_left=handed)
        except ValueError:
            await self.close()
            return Outcome("refused", "unwritable address")

    async def _envelope_opened(self) -> aiosmtplib.SMTP:
        """MAIL FROM answered; a connection kept open and closed by the server meanwhile is opened again, once.

        Nothing of the mail was said yet, so that beginning again cannot send it twice."""
        address, kept = Sender.of(self.settings).address, self._client
        try:
            client = await self._connected()
            await client.mail(address)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            gone = not isinstance(error, aiosmtplib.SMTPResponseException) or error.code == CLOSING
            if kept is None or not gone or isinstance(error, TimeoutError):
                raise
            self.drop()
            client = await self._connected()
            await client.mail(address)
        return client

    async def close(self) -> None:
        """Say goodbye, without waiting long for an answer."""
        if self._client is None:
            return
        with suppress(Exception):
            await asyncio.wait_for(self._client.quit(), 1)
        self.drop()

    def drop(self) -> None:
        """Let the connection go without a word."""
        client, self._client = self._client, None
        if client:
            client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client and self._address != self.settings.smtp_url:
            await self.close()
        if self._client is None or not self._client.is_connected:
            self._address = self.settings.smtp_url
            parts = urlsplit(self.settings.smtp_url)
            self._client = aiosmtplib.SMTP(
                hostname=parts.hostname or "127.0.0.1",
                port=parts.port,
                username=unquote(parts.username) if parts.username else None,
                password=unquote(parts.password) if parts.password else None,
                use_tls=parts.scheme == "smtps",
                start_tls=True if parts.scheme == "smtp" and _is_secret(self.settings) else None,
                timeout=self.timeout,
            )
            await self._client.connect()
        return self._client

    async def _answered(self, error: aiosmtplib.SMTPResponseException) -> Outcome:
        """What an answer means: only what is said of the recipient or of the mail itself refuses it for good."""
        code, said = error.code, error.message
        enhanced = said.split(maxsplit=1)[0] if said[:2] in ("4.", "5.") else ""
        reason = f"{code} {enhanced}".strip()
        if code == CLOSING or code < 400 or not isinstance(error, (*ABOUT_IT, aiosmtplib.SMTPSenderRefused)):
            await self.close()
            return Outcome("outage", reason)
        await self._reset()
        if code < 500 or not isinstance(error, ABOUT_IT):
            return Outcome("later", reason)
        at_recipient = isinstance(error, aiosmtplib.SMTPRecipientRefused)
        gone = at_recipient and code in (550, 551, 553) and enhanced.startswith(("5.1.1", "5.1.10", "5.1.6"))
        return Outcome("refused", reason, gone)

    async def _reset(self) -> None:
        """The next mail begins with an empty envelope."""
        try:
            assert self._client
            await self._client.rset()
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            await self.close()


def _is_secret(settings: Settings) -> bool:
    """A password never crosses a network in clear."""
    parts = urlsplit(settings.smtp_url)
    return parts.username is not None and parts.hostname not in LOOPBACK
