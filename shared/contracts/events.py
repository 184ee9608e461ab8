"""What the events service says: gatherings, registrations, and what registrants are told."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.base import Fact, PersonalEvent
from shared.contracts.erasure import AbstractPersonErased

GatheringKind = Literal["meeting", "training", "webinar", "assembly", "information_session"]
Mode = Literal["in_person", "online", "hybrid"]
GatheringStatus = Literal["published", "cancelled", "held", "postponed"]


class SessionState(BaseModel):
    """A dated slot, in UTC."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    starts_at: datetime
    ends_at: datetime
    title: str | None = None


class DeclaredCount(BaseModel):
    """A head count without names behind it: it never makes people."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    n: int
    precision: Literal["exact", "about", "at_least"]
    what: Literal["registered", "present"] | None = None
    """Null where the source does not say which."""


class AbstractGathering(Fact):
    """The whole public state of a gathering; `occurred_on` is its first day, or the first of its month."""

    service: ClassVar[str] = "events"

    gathering_id: UUID
    version: int
    status: GatheringStatus
    slug: str
    title: str
    kind: GatheringKind
    mode: Mode | None = None
    date_precision: Literal["time", "day", "month"] = "time"
    sessions: list[SessionState] = []
    """Empty when only a day or a month is known; `occurred_on` then says which."""
    capacity: int | None = None
    """Places, all modes together; null is no limit."""
    place: str | None = None
    department: str | None = None
    group_slug: str | None = None
    themes: list[str] = []
    countries: list[str] = []
    role: Literal["organiser", "speaker", "attendee"] | None = None
    """What the network did there; null where the document does not say."""
    declared_counts: list[DeclaredCount] = []
    structures_count: int | None = None
    very_satisfied_percent: int | None = None
    satisfied_percent: int | None = None
    source: str | None = None
    """The document an imported gathering was read in; it feeds no letter."""


class GatheringPublished(AbstractGathering):
    """A gathering entered the agenda."""


class GatheringRelocated(AbstractGathering):
    """A gathering changed place, mode or dates."""


class GatheringCancelled(AbstractGathering):
    """A gathering will not take place."""


class GatheringRecorded(AbstractGathering):
    """A past gathering was read in a document, or its counts were entered afterwards."""


class AbstractRegistration(Fact):
    """A registration by random ids: `person_id` is the events service's own, so that people are counted once."""

    service: ClassVar[str] = "events"

    registration_id: UUID
    version: int
    gathering_id: UUID
    person_id: UUID
    status: Literal["confirmed", "waiting", "cancelled"]
    mode: Mode | None = None
    department: str | None = None
    country: str | None = None
    organisation_id: UUID | None = None


class RegistrationConfirmed(AbstractRegistration):
    """Somebody has a place."""


class RegistrationWaitlisted(AbstractRegistration):
    """Somebody waits for a place, first come first served."""


class RegistrationCancelled(AbstractRegistration):
    """Somebody gave their place back, or left the waiting list."""


class EventsDemonstrationRemoved(Fact):
    """The fictional season's gatherings were taken away: facts marked `demonstration` recorded until now uncount."""

    service: ClassVar[str] = "events"


class AbstractRegistrant(PersonalEvent):
    """A person registered to a gathering, and all that a mail to them says."""

    service: ClassVar[str] = "events"

    registration_id: UUID
    registration_version: int
    gathering_id: UUID
    gathering_title: str
    gathering_url: str
    sessions: list[SessionState] = []
    mode: Mode | None = None
    place: str | None = None
    online_url: str | None = None
    """Only for those who have a place."""
    manage_url: str
    """Signed: see or cancel."""
    calendar: str | None = None
    """The .ics to attach: METHOD, UID and SEQUENCE are in it."""


class RegistrantNamed(AbstractRegistrant):
    """Somebody registered: their confirmation or their rank in the waiting list is due by mail."""

    status: Literal["confirmed", "waiting"]
    rank: int | None = None
    """Place in the waiting list, from 1."""


class RegistrantPromoted(AbstractRegistrant):
    """A place was freed and went to the first in the list, who is told."""


class RegistrantLeft(AbstractRegistrant):
    """Somebody cancelled their registration and is told."""


class RegistrantToldOfChange(AbstractRegistrant):
    """The gathering was relocated or cancelled, and this registrant is told."""

    change: Literal["relocated", "postponed", "cancelled"]
    reason: str | None = None


class EventsPersonErased(AbstractPersonErased):
    """The events service holds nothing of an erased person any more."""

    service: ClassVar[str] = "events"
