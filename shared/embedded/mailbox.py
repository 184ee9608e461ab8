"""Caught mail: an SMTP server on 127.0.0.1 that keeps each message as a file, so that nothing leaves this machine."""

import asyncio
import os
import re
import secrets
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from shared.embedded.ports import free_port

KEPT = 2_000  # messages; the oldest go first
LARGEST = 32 * 1024 * 1024  # bytes of one message


@dataclass(frozen=True, slots=True)
class Caught:
    """A message as the list shows it; `recipients` are those it was really sent to."""

    id: str
    received: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str

    def concerns(self, words: str) -> bool:
        """Whether one of its recipients contains what is searched for."""
        return any(words in recipient for recipient in self.recipients)


class Mailbox:
    """The folder of caught messages, newest first, with an index of their headers in memory."""

    def __init__(self, folder: Path, kept: int = KEPT) -> None:
        self.folder = folder
        self._kept = kept
        self._index: dict[str, Caught] = {}
        self._last = ""
        self._lock = threading.Lock()

    def load(self) -> None:
        """Read the headers of what is already there."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        for leftover in self.folder.glob(".*.part"):
            leftover.unlink(missing_ok=True)
        for file in sorted(self.folder.glob("*.eml")):
            with suppress(OSError, ValueError):
                with file.open("rb") as stream:
                    caught = summary(file.stem, stream.read(256 * 1024))
                self._index[caught.id] = caught
        self._forget_oldest()

    def store(self, sender: str, recipients: Iterable[str], content: bytes) -> str:
        """Put a message on disk, whole or not at all, and return its id."""
        envelope = [f"Return-Path: <{sender}>", *(f"Delivered-To: {recipient}" for recipient in recipients)]
        whole = "".join(f"{_one_line(line)}\r\n" for line in envelope).encode() + content
        with self._lock:
            id_ = self._next_id()
        fresh = self.folder / f".{id_}.part"
        with fresh.open("wb") as stream:
            stream.write(whole)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.rename(self.folder / f"{id_}.eml")
        with self._lock:
            self._index[id_] = summary(id_, whole)
            self._forget_oldest()
        return id_

    def find(self, words: str = "") -> list[Caught]:
        """The messages whose recipients contain the words, newest first."""
        wanted = words.strip().lower()
        with self._lock:
            found = [caught for caught in self._index.values() if not wanted or caught.concerns(wanted)]
        return sorted(found, key=lambda caught: caught.id, reverse=True)

    def read(self, id_: str) -> EmailMessage | None:
        """A message, None when it is not (or no longer) there."""
        source = self.source(id_)
        return BytesParser(policy=policy.default).parsebytes(source) if source is not None else None

    def source(self, id_: str) -> bytes | None:
        """The bytes of a message; only an id of the index becomes a file name."""
        if id_ in self._index:
            with suppress(FileNotFoundError):
                return (self.folder / f"{id_}.eml").read_bytes()
        return None

    def caught(self, id_: str) -> Caught | None:
        """What the list shows of a message."""
        return self._index.get(id_)

    def _next_id(self) -> str:
        id_ = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(6)}"
        self._last = max(id_, f"{self._last[:23]}-{id_[24:]}" if self._last else id_)
        return self._last

    def _forget_oldest(self) -> None:
        while len(self._index) > self._kept:
            id_ = next(iter(self._index))  # the oldest, or its twin by an instant
            (self.folder / f"{id_}.eml").unlink(missing_ok=True)
            del self._index[id_]


class SmtpCatcher:
    """The SMTP server in our event loop; `async with SmtpCatcher(mailbox) as catcher` gives its `port`."""

    def __init__(self, mailbox: Mailbox, wanted_port: int = 0) -> None:
        self.mailbox = mailbox
        self.port = free_port(wanted_port)
        self._sessions: WeakSet[SMTP] = WeakSet()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.mailbox.load)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, "127.0.0.1", self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.close()
        for session in self._sessions:
            if session.transport:
                session.transport.close()

    def _session(self) -> SMTP:
        session = SMTP(
            self,
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="Maillage",
            loop=asyncio.get_running_loop(),
        )
        self._sessions.add(session)
        return session

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the message, then say so: a 250 means that it is on disk."""
        content: Any = envelope.original_content or envelope.content or b""
        try:
            id_ = await asyncio.to_thread(self.mailbox.store, envelope.mail_from or "", envelope.rcpt_tos, content)
        except OSError:
            return "452 4.3.1 Insufficient system storage"
        return f"250 2.0.0 Kept as {id_}"


def summary(id_: str, content: bytes) -> Caught:
    """What the list shows, from the headers alone."""
    headers = BytesHeaderParser(policy=policy.default).parsebytes(re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0])
    delivered = [str(value) for value in headers.get_all("Delivered-To", [])] or [header(headers, "To")]
    return Caught(
        id=id_,
        received=datetime.strptime(id_.partition("-")[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC),
        sender=header(headers, "From"),
        recipients=tuple(recipient.lower() for recipient in delivered),
        subject=header(headers, "Subject"),
    )


def header(message: Any, name: str) -> str:
    """A header as people read it; one that the parser cannot stand is given as it came."""
    try:
        return str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError, LookupError):
        return next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n\0]+", " ", text)
