"""The four services by name: the only place that knows them all; the code of one is loaded when it is built."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from services.events import CARD as EVENTS
from services.mailing import CARD as MAILING
from services.observatory import CARD as OBSERVATORY
from services.registry import CARD as REGISTRY
from shared.card import Card
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.service import Service

CARDS: dict[str, Card] = {card.name: card for card in (REGISTRY, EVENTS, MAILING, OBSERVATORY)}


def build(name: str, settings: Settings) -> "Service":
    """One service, ready to be entered: a process that runs it alone loads no other."""
    made: Service = import_module(f"services.{name}.app").build(settings)
    return made


def migrations_of(name: str) -> Path:
    """Where a service's migrations are."""
    return Path(__file__).parent / name / "migrations"
