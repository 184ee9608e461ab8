"""The observatory service: see its card."""

from shared.card import Card

CARD = Card(
    name="observatory",
    prefix="/observatoire",
    owns=(),
    publishes=(),
    listens=(),
)
