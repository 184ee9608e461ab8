"""The mailing service: see its card."""

from shared.card import Card

CARD = Card(
    name="mailing",
    prefix="/lettres",
    owns=(),
    publishes=(),
    listens=(),
)
