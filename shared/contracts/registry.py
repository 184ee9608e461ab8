"""What the registry says: listing requests, organisations, groups, watch items, access."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.base import Fact, PersonalEvent
from shared.contracts.erasure import AbstractPersonErased

RequestStatus = Literal["requested", "in_review", "information_asked", "published", "refused"]
OrganisationStatus = Literal["published", "to_refresh", "archived", "recorded"]
WatchClass = Literal["actors", "news", "events", "funding", "jobs"]


class AbstractListingRequest(Fact):
    """The public state of a listing request: what the structure says it is and does, without a name."""

    service: ClassVar[str] = "registry"

    request_id: UUID
    version: int
    status: RequestStatus
    organisation_id: UUID | None = None
    college: str | None = None
    kind: str | None = None
    department: str | None = None
    themes: list[str] = []
    sdgs: list[int] = []
    countries: list[str] = []


class ListingRequested(AbstractListingRequest):
    """A structure asked to be listed."""


class ListingReviewStarted(AbstractListingRequest):
    """Staff opened a listing request."""


class ListingInformationAsked(AbstractListingRequest):
    """Staff asked the structure for more."""


class ListingAccepted(AbstractListingRequest):
    """Staff published the request; `organisation_id` names the organisation it created or updated."""


class ListingRefused(AbstractListingRequest):
    """Staff refused the request, for a reason told to the contact alone."""


class AbstractOrganisation(Fact):
    """The whole public state of an organisation, without free text or contacts."""

    service: ClassVar[str] = "registry"

    organisation_id: UUID
    version: int
    status: OrganisationStatus
    slug: str
    name: str
    acronym: str | None = None
    college: str | None = None
    """Governance, one of the five codes, confirmed by staff; null where the source does not say."""
    kind: str | None = None
    commune_code: str | None = None
    department: str | None = None
    siren: str | None = None
    siret: str | None = None
    rna: str | None = None
    website: str | None = None
    themes: list[str] = []
    sdgs: list[int] = []
    """Numbers of the 17 goals, 1 to 17."""
    countries: list[str] = []
    """ISO 3166 alpha-2."""
    within_region: bool = True
    published_on: date | None = None
    source: str | None = None
    """Where an imported organisation was read; null when it asked by itself."""


class OrganisationPublished(AbstractOrganisation):
    """An organisation entered the directory."""


class OrganisationUpdated(AbstractOrganisation):
    """A listed or recorded organisation changed."""


class OrganisationArchived(AbstractOrganisation):
    """An organisation left the directory."""


class OrganisationRecorded(AbstractOrganisation):
    """An organisation is known but not listed: a partner outside the region, or one read in a document."""


class GroupRecorded(Fact):
    """A country or thematic group exists, or changed."""

    service: ClassVar[str] = "registry"

    group_id: UUID
    version: int
    slug: str
    name: str
    kind: Literal["country_group", "thematic_group", "community_of_practice", "other"]
    countries: list[str] = []


class AbstractGroupMembership(Fact):
    """Somebody's place in a group, by a random id."""

    service: ClassVar[str] = "registry"

    membership_id: UUID
    version: int
    group_id: UUID
    status: Literal["joined", "left"]


class GroupJoined(AbstractGroupMembership):
    """Somebody joined a group and confirmed it."""


class GroupLeft(AbstractGroupMembership):
    """Somebody left a group."""


class AbstractWatchItem(Fact):
    """A news item, call or offer that staff collected, with its link and deadline."""

    service: ClassVar[str] = "registry"

    item_id: UUID
    version: int
    status: Literal["published", "withdrawn"]
    watch_class: WatchClass
    title: str
    url: str
    deadline: date | None = None
    """The last day; the item is in no letter after it."""
    departments: list[str] = []
    themes: list[str] = []
    countries: list[str] = []


class WatchItemPublished(AbstractWatchItem):
    """Staff published a watch item."""


class WatchItemWithdrawn(AbstractWatchItem):
    """Staff took a watch item back."""


class AccessRevoked(Fact):
    """A session or an API token is no longer accepted, by any service."""

    service: ClassVar[str] = "registry"

    token_id: UUID


class RegistryDemonstrationRemoved(Fact):
    """The fictional season's registry rows were taken away: facts marked `demonstration` recorded until now uncount."""

    service: ClassVar[str] = "registry"


class ErasureRequested(Fact):
    """Whoever reads an address asked to be erased: the only fact that carries a person's key."""

    service: ClassVar[str] = "registry"

    erasure_id: UUID
    person_key: str
    receipt_event: UUID | None = None
    """The personal event whose mail is the last; the address goes once it has left. Null: no mail is due."""


class RegistryPersonErased(AbstractPersonErased):
    """The registry holds nothing of an erased person any more."""

    service: ClassVar[str] = "registry"


class ErasureLinkAsked(PersonalEvent):
    """Somebody asked to be erased: the mail whose link confirms it is due."""

    service: ClassVar[str] = "registry"

    erasure_url: str
    valid_days: int


class ErasureReceiptIssued(PersonalEvent):
    """An erasure has begun: the last mail to this address, with the link of its receipt, is due."""

    service: ClassVar[str] = "registry"

    erasure_id: UUID
    receipt_url: str


class AbstractListingContact(PersonalEvent):
    """The person who asked for a listing, and what a mail to them says."""

    service: ClassVar[str] = "registry"

    request_id: UUID
    organisation_name: str
    department: str | None = None
    follow_url: str
    """« Où en est ma demande », signed."""


class ListingContactNamed(AbstractListingContact):
    """Somebody asked for a listing: the mail that confirms their address is due."""

    confirmation_url: str


class ListingContactConfirmed(AbstractListingContact):
    """The contact confirmed their address; the letters they ticked start (proof: this event)."""

    topics: list[str] = []


class ListingDecisionTold(AbstractListingContact):
    """The request moved and the contact is told: published, refused with its reason, or asked for more."""

    decision: Literal["published", "refused", "information_asked"]
    reason: str | None = None
    profile_url: str | None = None


class SignInLinkAsked(PersonalEvent):
    """Somebody with an account asked for a sign-in link."""

    service: ClassVar[str] = "registry"

    sign_in_url: str
    valid_minutes: int


class GroupJoinAsked(PersonalEvent):
    """Somebody asked to join a group: the mail that confirms it is due."""

    service: ClassVar[str] = "registry"

    group_slug: str
    group_name: str
    confirmation_url: str


class GroupMemberNamed(PersonalEvent):
    """Somebody confirmed that they join a group; its letters start (proof: this event)."""

    service: ClassVar[str] = "registry"

    membership_id: UUID
    group_slug: str
    group_name: str
    leave_url: str
