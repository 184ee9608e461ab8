"""The words of the bus, one module a publishing service; all are loaded here so that `parse` knows every contract."""

from shared.contracts import events, mailing, observatory, registry
from shared.contracts.base import (
    FACTS,
    PEOPLE,
    DomainEvent,
    Envelope,
    Fact,
    PersonalEvent,
    UnknownContract,
    contracts,
    normalise,
    parse,
    person_key,
)

__all__ = [
    "FACTS",
    "PEOPLE",
    "DomainEvent",
    "Envelope",
    "Fact",
    "PersonalEvent",
    "UnknownContract",
    "contracts",
    "events",
    "mailing",
    "normalise",
    "observatory",
    "parse",
    "person_key",
    "registry",
]
