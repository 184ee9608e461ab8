"""Speaking to the mail server: one connection for several mails, and what its answers mean."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.mailing.mails.message import Sender
from shared.settings import Settings

TIMEOUT_SECONDS = 20.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt."""

    kind: Literal["accepted", "refused", "later", "outage"]
    reason: str = ""
    """The code and enhanced code alone: a server's sentence may hold an address."""
    no_such_mailbox: bool = False


class Connection:
    """A connection to the mail server, opened at the first mail and again after a failure."""

    def __init__(self, settings: Settings, timeout: float = TIMEOUT_SECONDS) -> None:
        self.settings = settings
        self.timeout = timeout
        self._client: aiosmtplib.SMTP | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def send(self, recipient: str, message: bytes) -> Outcome:
        """Hand one message over and wait for the server's word."""
        try:
            client = await self._connected()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            await self.close()
            return Outcome("outage", type(error).__name__)
        try:
            await asyncio.wait_for(
                client.sendmail(Sender.of(self.settings).address, [recipient], message), self.timeout * 2
            )
            return Outcome("accepted")
        except aiosmtplib.SMTPRecipientsRefused as refused:
            first = refused.recipients[0]
            return await self._answered(first.code, first.message, at_recipient=True)
        except aiosmtplib.SMTPResponseException as error:
            return await self._answered(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            await self.close()
            return Outcome("outage", type(error).__name__)

    async def close(self) -> None:
        """Say goodbye, without waiting long for an answer."""
        client, self._client = self._client, None
        if client is None:
            return
        with suppress(Exception):
            await asyncio.wait_for(client.quit(), 1)
        client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is None or not self._client.is_connected:
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

    async def _answered(self, code: int, said: str, at_recipient: bool = False) -> Outcome:
        enhanced = said.split(maxsplit=1)[0] if said[:2] in ("4.", "5.") else ""
        reason = f"{code} {enhanced}".strip()
        if code == 421 or code < 400:
            await self.close()
            return Outcome("outage", reason)
        if code < 500:
            return Outcome("later", reason)
        gone = at_recipient and code in (550, 551, 553) and enhanced.startswith(("5.1.1", "5.1.10", "5.1.6"))
        return Outcome("refused", reason, gone)


def _is_secret(settings: Settings) -> bool:
    """A password never crosses a network in clear."""
    parts = urlsplit(settings.smtp_url)
    return parts.username is not None and parts.hostname not in LOOPBACK
