"""What the observatory does when another speaks: it keeps the fact, and the newest state it tells."""

from uuid import UUID

from services.observatory import CARD
from shared.card import Handler
from shared.contracts import DomainEvent, Fact, events, mailing, registry
from shared.db import Tx

IDENTITIES: dict[type[Fact], tuple[str, str]] = {
    registry.AbstractOrganisation: ("organisation", "organisation_id"),
    registry.AbstractListingRequest: ("listing_request", "request_id"),
    registry.GroupRecorded: ("network_group", "group_id"),
    registry.AbstractGroupMembership: ("group_membership", "membership_id"),
    registry.AbstractWatchItem: ("watch_item", "item_id"),
    events.AbstractGathering: ("gathering", "gathering_id"),
    events.AbstractRegistration: ("registration", "registration_id"),
    mailing.AbstractSubscription: ("subscription", "subscriber_id"),
    mailing.AbstractCampaign: ("campaign", "campaign_id"),
    mailing.LetterAccepted: ("letter", "letter_id"),
}
"""What each fact is about, and the field that names it."""


async def keep_fact(event: Fact, tx: Tx) -> None:
    """Append the fact once and keep the newest state, in one statement that any order and any repeat leave the same."""
    assert tx.cause is not None
    aggregate, identity = about(type(event))
    named: UUID = getattr(event, identity)
    await tx.execute(
        """WITH kept AS (
            INSERT INTO fact VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::jsonb)
            ON CONFLICT DO NOTHING
        ), newest AS (
            INSERT INTO state AS known VALUES ($4, $5, $3, $6, $1, $7, $7, $8, $9, $12::text::jsonb)
            ON CONFLICT (aggregate, aggregate_id) DO UPDATE SET
                first_on = least(known.first_on, excluded.first_on),
                (version, event_id, occurred_on, recorded_at, demonstration, body) = (
                    SELECT newer.version, newer.event_id, newer.occurred_on, newer.recorded_at, newer.demonstration,
                           newer.body
                    FROM (VALUES
                        (known.version, known.event_id, known.occurred_on, known.recorded_at, known.demonstration,
                         known.body),
                        (excluded.version, excluded.event_id, excluded.occurred_on, excluded.recorded_at,
                         excluded.demonstration, excluded.body)
                    ) AS newer (version, event_id, occurred_on, recorded_at, demonstration, body)
                    ORDER BY newer.version DESC, newer.event_id DESC LIMIT 1)
        )
        SELECT pg_notify(current_schema() || '_figures', $4)""",
        tx.cause.event_id,
        event.contract(),
        event.service,
        aggregate,
        named,
        getattr(event, "version", 1),
        event.occurred_on,
        tx.cause.recorded_at,
        event.demonstration,
        getattr(event, "department", None),
        getattr(event, "college", None),
        event.model_dump_json(exclude_none=True),
    )


async def uncount_demonstration(event: Fact, tx: Tx) -> None:
    """A service took its fictional season away: what it marked before now counts no more, also if it arrives later."""
    assert tx.cause is not None
    await tx.execute(
        """WITH kept AS (
            INSERT INTO fact VALUES ($1, $2, $3, 'demonstration', $1, 1, $4, $5, false, NULL, NULL, $6::text::jsonb)
            ON CONFLICT DO NOTHING
        ), removed AS (
            INSERT INTO demonstration_removal AS known VALUES ($3, $5)
            ON CONFLICT (service) DO UPDATE SET removed_at = greatest(known.removed_at, excluded.removed_at)
        )
        SELECT pg_notify(current_schema() || '_figures', 'demonstration')""",
        tx.cause.event_id,
        event.contract(),
        event.service,
        event.occurred_on,
        tx.cause.recorded_at,
        event.model_dump_json(exclude_none=True),
    )


def about(contract: type[Fact]) -> tuple[str, str]:
    """What a contract's facts are about, and the field that names it; KeyError for a contract that is not kept."""
    return next(IDENTITIES[shape] for shape in contract.__mro__ if shape in IDENTITIES)


HANDLERS: dict[type[DomainEvent], Handler] = {
    **{contract: keep_fact for contract in CARD.listens if contract.__mro__[1] in IDENTITIES or contract in IDENTITIES},
    registry.RegistryDemonstrationRemoved: uncount_demonstration,
    events.EventsDemonstrationRemoved: uncount_demonstration,
    mailing.MailingDemonstrationRemoved: uncount_demonstration,
}
