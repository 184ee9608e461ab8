"""What a domain event is: flat data in the past tense, on one of two streams, with CloudEvents attributes beside it."""

import functools
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

FACTS = "FACTS"
PEOPLE = "PEOPLE"

_contracts: dict[str, "type[DomainEvent]"] = {}


class UnknownContract(Exception):
    """No contract of that name is known to this version of the code."""


class DomainEvent(BaseModel):
    """A fact on the bus. Subclasses named `Abstract...` are shapes that contracts share, not contracts."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stream: ClassVar[str]
    service: ClassVar[str]
    version_of_contract: ClassVar[int] = 1

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if hasattr(cls, "service") and not cls.__name__.startswith("Abstract"):
            _contracts[cls.contract()] = cls

    @classmethod
    @functools.cache
    def event_name(cls) -> str:
        """`OrganisationPublished` is `organisation_published` in a subject."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    @functools.cache
    def contract(cls) -> str:
        """The contract's name, and the only label metrics carry: `registry.organisation_published.v1`."""
        return f"{cls.service}.{cls.event_name()}.v{cls.version_of_contract}"

    def subject(self, network: str) -> str:
        """Where this event is published."""
        raise NotImplementedError

    @classmethod
    def subject_filter(cls, network: str) -> str:
        """The subject, wildcards included, by which a listener asks for this contract."""
        raise NotImplementedError


class Fact(DomainEvent):
    """Public and kept for ever: nothing personal. Every figure comes from facts alone."""

    stream: ClassVar[str] = FACTS

    occurred_on: date
    """The day it happened, which may be long before it was recorded (the envelope's `recorded_at`)."""
    demonstration: bool = False
    """True for the fictional season, labelled wherever it shows."""

    def subject(self, network: str) -> str:
        return f"maillage.{network}.{self.contract()}"

    @classmethod
    def subject_filter(cls, network: str) -> str:
        return f"maillage.{network}.{cls.contract()}"


class PersonalEvent(DomainEvent):
    """Carries what a letter needs; kept 30 days, purgeable by `person_key`, never read by the observatory."""

    stream: ClassVar[str] = PEOPLE

    person_key: str
    email: str
    name: str | None = None
    lang: str = "fr"
    demonstration: bool = False
    """True: no mail leaves for it."""

    def subject(self, network: str) -> str:
        return f"people.{network}.{self.contract()}.{self.person_key}"

    @classmethod
    def subject_filter(cls, network: str) -> str:
        return f"people.{network}.{cls.contract()}.*"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands around an event: who, when recorded, in which story, because of what."""

    event_id: UUID
    contract: str
    recorded_at: datetime
    correlation_id: UUID
    causation_id: UUID | None

    def headers(self, network: str) -> dict[str, str]:
        """CloudEvents 1.0 attributes and the message id by which JetStream drops a repeat."""
        service = self.contract.split(".", 1)[0]
        headers = {
            "Nats-Msg-Id": str(self.event_id),
            "ce-specversion": "1.0",
            "ce-id": str(self.event_id),
            "ce-source": f"/{network}/{service}",
            "ce-type": self.contract,
            "ce-time": self.recorded_at.isoformat(),
            "ce-dataschema": f"/api/{service}/asyncapi.json#/components/schemas/{self.contract}",
            "ce-datacontenttype": "application/json",
            "correlation-id": str(self.correlation_id),
        }
        return headers | ({"causation-id": str(self.causation_id)} if self.causation_id else {})

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        """Read the headers of a message; KeyError or ValueError where they are not an envelope."""
        cause = headers.get("causation-id")
        return cls(
            event_id=UUID(headers["ce-id"]),
            contract=headers["ce-type"],
            recorded_at=datetime.fromisoformat(headers["ce-time"]),
            correlation_id=UUID(headers["correlation-id"]),
            causation_id=UUID(cause) if cause else None,
        )


def contracts() -> dict[str, type[DomainEvent]]:
    """Every released contract by its name."""
    return dict(_contracts)


def parse(contract: str, body: bytes | str) -> DomainEvent:
    """The event a message carries. Raises UnknownContract, or pydantic's ValidationError."""
    try:
        shape = _contracts[contract]
    except KeyError:
        raise UnknownContract(contract) from None
    return shape.model_validate_json(body)


def normalise(address: str) -> str:
    """One spelling of an e-mail address: trimmed, NFC, lower case, the domain in its ASCII form."""
    address = unicodedata.normalize("NFC", address.strip()).casefold()
    local, _, domain = address.rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{local}@{domain}"


def person_key(address: str, secret: str) -> str:
    """The pseudonym of whoever reads this address: `p1` and 64 hexadecimal digits (HMAC-SHA-256)."""
    return "p1" + hmac.new(secret.encode(), normalise(address).encode(), hashlib.sha256).hexdigest()
