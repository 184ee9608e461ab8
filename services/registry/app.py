"""The registry service, composed."""

from pathlib import Path

from services.registry import CARD
from services.registry.handlers import HANDLERS
from shared.service import Service
from shared.settings import Settings


def build(settings: Settings) -> Service:
    """The service, ready to be entered."""
    return Service(CARD, settings, Path(__file__).parent, HANDLERS)
