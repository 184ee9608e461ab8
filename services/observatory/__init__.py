"""The observatory service: every figure of the network, each one open on the facts behind it."""

from shared.card import Card
from shared.contracts import events, mailing, observatory, registry

CARD = Card(
    name="observatory",
    prefix="/observatoire",
    owns=("fact", "state", "demonstration_removal", "tally", "dashboard", "figure"),
    publishes=(observatory.FigurePublished, observatory.DashboardCreated, observatory.DashboardRevoked),
    listens=(
        registry.ListingRequested,
        registry.ListingReviewStarted,
        registry.ListingInformationAsked,
        registry.ListingAccepted,
        registry.ListingRefused,
        registry.OrganisationPublished,
        registry.OrganisationUpdated,
        registry.OrganisationArchived,
        registry.OrganisationRecorded,
        registry.GroupRecorded,
        registry.GroupJoined,
        registry.GroupLeft,
        registry.WatchItemPublished,
        registry.WatchItemWithdrawn,
        registry.AccessRevoked,
        registry.RegistryDemonstrationRemoved,
        events.GatheringPublished,
        events.GatheringRelocated,
        events.GatheringCancelled,
        events.GatheringRecorded,
        events.RegistrationConfirmed,
        events.RegistrationWaitlisted,
        events.RegistrationCancelled,
        events.EventsDemonstrationRemoved,
        mailing.SubscriptionConfirmed,
        mailing.SubscriptionChanged,
        mailing.SubscriptionEnded,
        mailing.CampaignApproved,
        mailing.CampaignFinished,
        mailing.LetterAccepted,
        mailing.MailingDemonstrationRemoved,
    ),
)
