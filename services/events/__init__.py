"""The events service: gatherings, who registers to them, and their calendars."""

from shared.card import Card
from shared.contracts.events import (
    EventsDemonstrationRemoved,
    EventsPersonErased,
    GatheringCancelled,
    GatheringPublished,
    GatheringRecorded,
    GatheringRelocated,
    RegistrantLeft,
    RegistrantNamed,
    RegistrantPromoted,
    RegistrantToldOfChange,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationWaitlisted,
)
from shared.contracts.registry import (
    AccessRevoked,
    ErasureRequested,
    GroupRecorded,
    OrganisationArchived,
    OrganisationPublished,
    OrganisationUpdated,
    RegistryDemonstrationRemoved,
)

CARD = Card(
    name="events",
    prefix="/agenda",
    owns=("gathering", "person", "registration", "known_organisation", "known_group", "registry_demonstration_end"),
    publishes=(
        GatheringPublished,
        GatheringRelocated,
        GatheringCancelled,
        GatheringRecorded,
        RegistrationConfirmed,
        RegistrationWaitlisted,
        RegistrationCancelled,
        RegistrantNamed,
        RegistrantPromoted,
        RegistrantLeft,
        RegistrantToldOfChange,
        EventsDemonstrationRemoved,
        EventsPersonErased,
    ),
    listens=(
        OrganisationPublished,
        OrganisationUpdated,
        OrganisationArchived,
        GroupRecorded,
        RegistryDemonstrationRemoved,
        ErasureRequested,
        AccessRevoked,
    ),
)
