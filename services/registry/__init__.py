"""The registry service: see its card."""

from shared.card import Card

CARD = Card(
    name="registry",
    prefix="/annuaire",
    owns=(),
    publishes=(),
    listens=(),
)
