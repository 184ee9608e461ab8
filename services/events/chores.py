"""What the events service does by the clock."""

from services.erasing import erasing
from services.events.commands.erasing import erase_person
from shared.contracts.events import EventsPersonErased

CHORES = (erasing(erase_person, EventsPersonErased),)
