"""The events service: see its card."""

from shared.card import Card

CARD = Card(
    name="events",
    prefix="/agenda",
    owns=(),
    publishes=(),
    listens=(),
)
