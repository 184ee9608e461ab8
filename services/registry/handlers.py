"""What the registry service does when another speaks: it keeps the receipts of erasures."""

from services.erasing import hear_erasure
from services.registry.commands.erasing import note_erased
from shared.card import Handler
from shared.contracts import DomainEvent
from shared.contracts.events import EventsPersonErased
from shared.contracts.mailing import MailingPersonErased
from shared.contracts.observatory import ObservatoryPersonErased
from shared.contracts.registry import ErasureRequested, RegistryPersonErased

HANDLERS: dict[type[DomainEvent], Handler] = {
    ErasureRequested: hear_erasure,
    RegistryPersonErased: note_erased,
    EventsPersonErased: note_erased,
    MailingPersonErased: note_erased,
    ObservatoryPersonErased: note_erased,
}
