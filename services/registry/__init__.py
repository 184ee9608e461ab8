"""The registry: who acts abroad in the region, how they ask to be listed, groups, the watch, and who may sign in."""

from shared.card import Card
from shared.contracts import registry as said

CARD = Card(
    name="registry",
    prefix="/annuaire",
    owns=(
        "organisation",
        "listing_request",
        "listing_step",
        "network_group",
        "membership",
        "watch_item",
        "staff",
        "signed_in",
        "used_link",
        "draft",
        "word",
        "directory_removal",
    ),
    publishes=(
        said.ListingRequested,
        said.ListingReviewStarted,
        said.ListingInformationAsked,
        said.ListingAccepted,
        said.ListingRefused,
        said.OrganisationPublished,
        said.OrganisationUpdated,
        said.OrganisationArchived,
        said.OrganisationRecorded,
        said.GroupRecorded,
        said.GroupJoined,
        said.GroupLeft,
        said.WatchItemPublished,
        said.WatchItemWithdrawn,
        said.AccessRevoked,
        said.RegistryDemonstrationRemoved,
        said.ListingContactNamed,
        said.ListingContactConfirmed,
        said.ListingDecisionTold,
        said.SignInLinkAsked,
        said.GroupJoinAsked,
        said.GroupMemberNamed,
    ),
    listens=(said.AccessRevoked,),
)
