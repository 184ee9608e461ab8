"""Addresses as mails hold them."""

import functools
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Self
from urllib.parse import urlsplit

from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Sender:
    """Who mails come from."""

    address: str
    name: str

    @classmethod
    def of(cls, settings: Settings) -> Self:
        name, address = _parsed(settings.mail_from)
        return cls(address, name or settings.network_name)


@functools.lru_cache(8)
def _parsed(mail_from: str) -> tuple[str, str]:
    name, address = parseaddr(mail_from)
    local, at, domain = address.rpartition("@")
    return name, f"{local}{at}{in_ascii(domain)}"


def deliverable(address: str) -> str:
    """The address as SMTP and headers hold it, an accented domain in ASCII. Raises ValueError where it cannot be."""
    local, _, domain = address.rpartition("@")
    made = f"{local}@{in_ascii(domain)}"
    if not made.isascii() or not made.isprintable() or " " in made:
        raise ValueError("an address that no header can hold")
    return made


def in_ascii(domain: str) -> str:
    """A domain as the DNS holds it. Raises ValueError where it cannot be."""
    return domain if domain.isascii() else domain.encode("idna").decode("ascii")


def host_of(settings: Settings) -> str:
    """The right side of Message-IDs: the site's name."""
    host = urlsplit(settings.public_url).hostname or "localhost"
    return host if any(letter.isalpha() for letter in host) else "maillage.example"
