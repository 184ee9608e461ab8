"""From a mail to the message that leaves: both parts, the calendar, a stable Message-ID.

Written as bytes here: `email.message.EmailMessage` parses again every header it is given, 3 ms a message, half of what
a mail cost us. What we write is read back by Python's own parser in the tests. A letter is written once for many
readers: only what is one reader's own is put in for each.
"""

import functools
import re
from base64 import b64encode, encodebytes
from binascii import b2a_qp
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import format_datetime, quote
from html import escape
from itertools import groupby
from typing import Self
from uuid import UUID, uuid4

from services.mailing.mails.addresses import Sender, deliverable, host_of
from services.mailing.mails.dkim import Seal, relaxed_end, relaxed_lines
from services.mailing.mails.layout import as_html, as_text
from services.mailing.mails.pieces import Mail
from shared.clock import now
from shared.settings import Settings

OWN_LINE = 72
WORD = 39
"""Bytes in an encoded word, which may have 75 characters, on a line of 76 that may begin with its header's name."""


@dataclass(frozen=True, slots=True)
class Posting:
    """What a message's headers need beside what it says: its own id, to whom, and the story it belongs to."""

    id: UUID
    recipient: str
    correlation_id: UUID


@dataclass(frozen=True, slots=True)
class Gap:
    """Where a reader's own address comes, between two lines of an encoded part."""

    mark: str
    in_html: bool

    def filled(self, own: Mapping[str, str]) -> bytes:
        """The lines of that address, which soft line breaks join to those around it."""
        said = own[self.mark]
        lines = (escape(said) if self.in_html else said).encode("ascii")
        return b"".join(b2a_qp(lines[at : at + OWN_LINE]) + b"=\r\n" for at in range(0, len(lines), OWN_LINE))


Piece = bytes | Gap
_BLANKS = re.compile(r"[^\S\u00a0\u202f]+")
"""Line ends and spaces, but those that hold a word to its sign."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail written as bytes, but for what is one reader's own: marks in its head, gaps in its body."""

    head: str
    kind: str
    body: tuple[Piece, ...]
    relaxed: tuple[Piece, ...]
    """The body as DKIM hashes it."""

    @classmethod
    def of(cls, mail: Mail, settings: Settings, marks: Iterable[str] = ()) -> Self:
        """What it says, in the language being spoken; what stands for each of `marks` is known when it is posted."""
        name = uuid4().hex
        sides = [
            _text_part("plain", as_text(mail, settings), marks),
            _text_part("html", as_html(mail, settings), marks),
        ]
        kind, pieces = _together("alternative", sides, name)
        if mail.calendar:
            inner: list[Piece] = [f"Content-Type: {kind}\r\n\r\n".encode("ascii"), *pieces]
            kind, pieces = _together("mixed", [inner, [_calendar_part(mail.calendar)]], name)
        body = tuple(_joined(pieces))
        relaxed = tuple(one if isinstance(one, Gap) else relaxed_lines(one) for one in body)
        head = "".join(f"{name}: {value}\r\n" for name, value in _headers(mail, settings))
        return cls(head, kind, body, relaxed)

    def posted(self, to: Posting, settings: Settings, own: Mapping[str, str], seal: Seal | None = None) -> bytes:
        """The message, signed where there is a seal; tried again, it has the Message-ID by which a mailbox knows it.

        Raises ValueError for a recipient that no header can hold.
        """
        head = self.head
        for mark, address in own.items():
            head = head.replace(mark, address)
        head += (
            f"To: {deliverable(to.recipient)}\r\nDate: {format_datetime(now())}\r\n"
            f"Message-ID: <{to.id}@{host_of(settings)}>\r\nX-Correlation-Id: {to.correlation_id}\r\n"
            f"MIME-Version: 1.0\r\nContent-Type: {self.kind}\r\n"
        )
        written = head.encode("ascii")
        signature = seal.signature(written, relaxed_end(_filled(self.relaxed, own))) if seal else b""
        return b"%b%b\r\n%b" % (signature, written, _filled(self.body, own))


def message_of(mail: Mail, to: Posting, settings: Settings, seal: Seal | None = None) -> bytes:
    """The message of a mail that one person gets. Raises ValueError for a recipient that no header can hold."""
    return Draft.of(mail, settings).posted(to, settings, {}, seal)


def _filled(pieces: tuple[Piece, ...], own: Mapping[str, str]) -> bytes:
    return b"".join(one.filled(own) if isinstance(one, Gap) else one for one in pieces)


def _joined(pieces: list[Piece]) -> Iterator[Piece]:
    for is_gap, run in groupby(pieces, key=lambda one: isinstance(one, Gap)):
        if is_gap:
            yield from run
        else:
            yield b"".join(one for one in run if isinstance(one, bytes))


def _headers(mail: Mail, settings: Settings) -> Iterator[tuple[str, str]]:
    sender = Sender.of(settings)
    yield "From", _mailbox(sender.name, sender.address)
    yield "Reply-To", _mailbox(settings.network_name, settings.team_email)
    yield "Subject", _words(one_line(mail.subject))
    yield "Auto-Submitted", "auto-generated"
    for name, value in mail.headers.items():
        yield name, _words(one_line(value))


@functools.lru_cache(64)
def _mailbox(name: str, address: str) -> str:
    said = one_line(name)
    shown = f'"{quote(said)}"' if said.isascii() else _words(said)
    return f"{shown}\r\n <{address}>"


def _words(said: str) -> str:
    """A header's words: as they are where a mail may hold them, encoded and folded otherwise (RFC 2047)."""
    if said.isascii() and said.isprintable() and "=?" not in said:
        return said
    words = [b""]
    for letter in said:
        encoded = letter.encode()
        if len(words[-1]) + len(encoded) > WORD:
            words.append(b"")
        words[-1] += encoded
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode('ascii')}?=" for word in words)


def _text_part(subtype: str, said: str, marks: Iterable[str]) -> list[Piece]:
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    pieces: list[Piece] = [head.encode("ascii")]
    lines = "\r\n".join(said.splitlines()) + "\r\n"
    for one in re.split(f"({'|'.join(marks)})", lines) if marks else [lines]:
        if one in marks:
            pieces += [b"=\r\n", Gap(one, subtype == "html")]
        else:
            pieces.append(b2a_qp(one.encode(), istext=True))
    return pieces


def _calendar_part(calendar: str) -> Piece:
    method = next((line[7:].strip() for line in calendar.splitlines() if line.startswith("METHOD:")), "REQUEST")
    head = (
        f'Content-Type: text/calendar; charset="utf-8"; method="{method}"; name="invite.ics"\r\n'
        'Content-Disposition: attachment; filename="invite.ics"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    return head.encode("ascii") + encodebytes(calendar.encode()).replace(b"\n", b"\r\n")


def _together(subtype: str, parts: list[list[Piece]], name: str) -> tuple[str, list[Piece]]:
    """Several parts in one: its type, its body; no encoded body can hold the boundary, which begins with `=_`."""
    boundary = f"=_{subtype}_{name}"
    line = f"--{boundary}\r\n".encode("ascii")
    pieces = [piece for part in parts for piece in (line, *part)]
    return f'multipart/{subtype};\r\n boundary="{boundary}"', [*pieces, f"--{boundary}--\r\n".encode("ascii")]


def one_line(said: str) -> str:
    """A header holds one line, whatever was typed."""
    return _BLANKS.sub(" ", said).strip()
