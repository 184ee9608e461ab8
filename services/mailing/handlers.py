"""What the mailing service does when another speaks: a mail enters the queue, a letter starts, a fact is learnt."""

from services.erasing import hear_erasure, unless_erased
from services.mailing.commands import Queued, queue_mails, start_topics
from services.mailing.commands.knowing import (
    forget_demonstration,
    know_gathering,
    know_group,
    know_organisation,
    know_registration,
    know_watch_item,
)
from services.mailing.commands.membership import join_group, leave_group
from services.mailing.commands.subscriptions import trust_mailbox
from services.mailing.forms import RecordSubscriber
from services.mailing.queries.subscribers import left_since
from shared.card import Handler, InBatches, Told
from shared.contracts import DomainEvent
from shared.contracts.events import (
    EventsDemonstrationRemoved,
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
    ErasureLinkAsked,
    ErasureReceiptIssued,
    ErasureRequested,
    GroupJoinAsked,
    GroupLeft,
    GroupMemberNamed,
    GroupRecorded,
    ListingContactConfirmed,
    ListingContactNamed,
    ListingDecisionTold,
    OrganisationArchived,
    OrganisationPublished,
    OrganisationRecorded,
    OrganisationUpdated,
    RegistryDemonstrationRemoved,
    SignInLinkAsked,
    WatchItemPublished,
    WatchItemWithdrawn,
)
from shared.db import Tx
from shared.web.i18n import translate

LISTING_WORDS = "Case cochée dans la demande de référencement, adresse confirmée par un clic."


async def mail_all(told: Told, tx: Tx) -> None:
    """One mail for each of these events; none for the fictional season."""
    mails = [
        Queued(
            event.contract(),
            {"email": event.email, "person_key": event.person_key, "lang": event.lang},
            event.model_dump(mode="json", exclude_none=True),
            envelope,
            envelope.event_id,
        )
        for event, envelope in told
        if not event.demonstration
    ]
    if mails:
        await queue_mails(tx, mails)


mail_it = InBatches(mail_all)


async def start_ticked_letters(event: ListingContactConfirmed, tx: Tx) -> None:
    """The contact confirmed their address: the letters they ticked start, and the event is the proof."""
    assert tx.cause
    if not event.topics or await left_since(tx, event.person_key, tx.cause.recorded_at):
        return
    form = RecordSubscriber(
        email=event.email, topics=event.topics, department=event.department, demonstration=event.demonstration
    )
    await trust_mailbox(tx, event.person_key)
    proof = (tx.cause.event_id, translate(event.lang, LISTING_WORDS))
    await start_topics(form, tx, event.person_key, proof, event.lang)


async def welcome_member(event: GroupMemberNamed, tx: Tx) -> None:
    """A welcome, and the group's letter."""
    await join_group(event, tx)
    await mail_it(event, tx)


HANDLERS: dict[type[DomainEvent], Handler] = unless_erased(
    {
        ErasureLinkAsked: mail_it,
        ListingContactNamed: mail_it,
        ListingContactConfirmed: start_ticked_letters,
        ListingDecisionTold: mail_it,
        SignInLinkAsked: mail_it,
        GroupJoinAsked: mail_it,
        GroupMemberNamed: welcome_member,
        GroupLeft: leave_group,
        RegistrantNamed: mail_it,
        RegistrantPromoted: mail_it,
        RegistrantLeft: mail_it,
        RegistrantToldOfChange: mail_it,
        GatheringPublished: know_gathering,
        GatheringRelocated: know_gathering,
        GatheringCancelled: know_gathering,
        GatheringRecorded: know_gathering,
        RegistrationConfirmed: know_registration,
        RegistrationWaitlisted: know_registration,
        RegistrationCancelled: know_registration,
        OrganisationRecorded: know_organisation,
        OrganisationPublished: know_organisation,
        OrganisationUpdated: know_organisation,
        OrganisationArchived: know_organisation,
        WatchItemPublished: know_watch_item,
        WatchItemWithdrawn: know_watch_item,
        GroupRecorded: know_group,
        RegistryDemonstrationRemoved: forget_demonstration,
        EventsDemonstrationRemoved: forget_demonstration,
        ErasureRequested: hear_erasure,
    }
) | {ErasureReceiptIssued: mail_it}
"""The receipt of an erasure is as old as the request, and leaves all the same: it is the last mail."""
