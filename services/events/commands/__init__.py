"""What changes: one function is one transaction's work."""

from services.events.commands.demonstration import record_demonstration_gathering, remove_demonstration
from services.events.commands.gatherings import create_gathering, discard_draft, edit_draft, publish_gathering
from services.events.commands.moving import cancel_gathering, relocate_gathering
from services.events.commands.recording import declare_count, record_gathering, record_programme
from services.events.commands.registrations import (
    TAKE_PLACE,
    Place,
    cancel_registration,
    place_asked,
    register_person,
    tell_place,
)

__all__ = [
    "TAKE_PLACE",
    "Place",
    "cancel_gathering",
    "cancel_registration",
    "create_gathering",
    "declare_count",
    "discard_draft",
    "edit_draft",
    "place_asked",
    "publish_gathering",
    "record_demonstration_gathering",
    "record_gathering",
    "record_programme",
    "register_person",
    "relocate_gathering",
    "remove_demonstration",
    "tell_place",
]
