"""DKIM: what leaves is signed with the network's own key (RFC 6376, relaxed/relaxed; RFC 8463 for Ed25519).

Signed through `cryptography`: a signature in pure Python costs twenty times as much. Each kind of signature is read
back by an independent verifier in the tests.
"""

import hashlib
import re
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from services.mailing.mails.addresses import Sender
from services.mailing.mails.keys import BadKey, DkimSettings, PrivateKey, public_part, read_key
from shared.settings import Settings

LINE = 74
SELECTOR = "maillage"
"""The name of the key in the DNS where no other is said."""
SIGNED = (
    *("from", "reply-to", "subject", "date", "to", "message-id", "mime-version", "content-type"),
    *("list-id", "list-unsubscribe", "list-unsubscribe-post", "auto-submitted", "x-correlation-id"),
)
OVERSIGNED = ("from", "reply-to", "subject", "date", "to")
"""Named once more than they stand: one that is added afterwards breaks the signature."""
_SELECTOR_FORM = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.IGNORECASE)
_FOLD = re.compile(rb"\r\n(?=[ \t])")


@dataclass(frozen=True, slots=True)
class Seal:
    """What signs the mails of one domain."""

    domain: str
    selector: str
    key: PrivateKey

    @classmethod
    def of(cls, settings: Settings, dkim: DkimSettings) -> Self | None:
        """The seal that the settings give, None where no key is said. Raises BadKey, a sentence for people."""
        if not dkim.dkim_key.strip():
            return None
        selector = dkim.dkim_selector or SELECTOR
        if not _SELECTOR_FORM.fullmatch(selector):
            raise BadKey("MAILLAGE_DKIM_SELECTOR n’est pas un nom du DNS\u00a0: des lettres, des chiffres, des tirets.")
        domain = Sender.of(settings).address.rpartition("@")[2].lower()
        return cls(domain, selector, read_key(dkim.dkim_key))

    @property
    def record_name(self) -> str:
        """Where the public key is published, as a TXT record."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """What is published there."""
        return f"v=DKIM1; k={self._kind}; p={public_part(self.key)}"

    @property
    def _kind(self) -> str:
        return "rsa" if isinstance(self.key, RSAPrivateKey) else "ed25519"

    def signed(self, message: bytes) -> bytes:
        """The message, whose lines all end with CRLF, with its signature before it."""
        head, _blank, body = message.partition(b"\r\n\r\n")
        return self.signature(head, relaxed_end(relaxed_lines(body))) + message

    def signature(self, head: bytes, relaxed: bytes) -> bytes:
        """The DKIM-Signature header, its line end with it, of these headers and of a body in its relaxed form."""
        lines = relaxed_headers(head)
        there = [name for name in SIGNED if name in lines]
        names = [name for name in SIGNED if name in lines or name in OVERSIGNED]
        names += [name for name in OVERSIGNED if name in lines]
        digest = b64encode(hashlib.sha256(relaxed).digest()).decode("ascii")
        tags = (
            f"v=1; a={self._kind}-sha256; c=relaxed/relaxed; d={self.domain}; s={self.selector}; "
            f"t={int(time.time())};\r\n h={':'.join(names)};\r\n bh={digest};\r\n b="
        )
        told = b"".join(lines[name] for name in there)
        told += b"dkim-signature:" + tags.replace("\r\n", "").encode("ascii")
        made = b64encode(self._sealed(told)).decode("ascii")
        seal = "\r\n ".join(made[at : at + LINE] for at in range(0, len(made), LINE))
        return f"DKIM-Signature: {tags}{seal}\r\n".encode("ascii")

    def _sealed(self, told: bytes) -> bytes:
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(told, PKCS1v15(), SHA256())
        return self.key.sign(hashlib.sha256(told).digest())


def relaxed_headers(head: bytes) -> dict[str, bytes]:
    """Each header in its relaxed form, its line end with it, by its name; of one that stands twice, the last."""
    found = {}
    for line in _FOLD.sub(b"", head).split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon:
            key = name.strip().lower()
            found[key.decode("ascii")] = key + b":" + _spaced(value).strip(b" ") + b"\r\n"
    return found


def _spaced(said: bytes) -> bytes:
    """One space for many; by `replace`, since a pattern costs more than all the rest of a mail."""
    kept = said.replace(b"\t", b" ")
    while b"  " in kept:
        kept = kept.replace(b"  ", b" ")
    return kept


def relaxed_lines(lines: bytes) -> bytes:
    """Whole lines in their relaxed form: one space for many, none where a line ends."""
    return _spaced(lines).replace(b" \r\n", b"\r\n")


def relaxed_end(relaxed: bytes) -> bytes:
    """A body of relaxed lines without the empty ones at its end."""
    kept = relaxed
    while kept.endswith(b"\r\n\r\n"):
        kept = kept[:-2]
    return b"" if kept == b"\r\n" else kept
