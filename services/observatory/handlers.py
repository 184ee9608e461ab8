"""What the observatory service does when another speaks."""

from shared.card import Handler
from shared.contracts import DomainEvent

HANDLERS: dict[type[DomainEvent], Handler] = {}
