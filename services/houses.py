"""The four services by name: the only place that knows them all, beside the command line."""

from collections.abc import Callable

from services.events import CARD as EVENTS
from services.events.app import build as build_events
from services.mailing import CARD as MAILING
from services.mailing.app import build as build_mailing
from services.observatory import CARD as OBSERVATORY
from services.observatory.app import build as build_observatory
from services.registry import CARD as REGISTRY
from services.registry.app import build as build_registry
from shared.card import Card
from shared.service import Service
from shared.settings import Settings

CARDS: dict[str, Card] = {card.name: card for card in (REGISTRY, EVENTS, MAILING, OBSERVATORY)}
BUILD: dict[str, Callable[[Settings], Service]] = {
    "registry": build_registry,
    "events": build_events,
    "mailing": build_mailing,
    "observatory": build_observatory,
}
