"""What the observatory does when another speaks: it keeps the fact, and the newest state it tells."""

import functools
from typing import Any

from services.erasing import hear_erasure
from services.observatory import CARD
from shared.card import Handler, InBatches, Told
from shared.contracts import DomainEvent, Envelope, Fact, events, mailing, registry
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


async def keep_facts(told: Told, tx: Tx) -> None:
    """Append each fact once and keep the newest state, in one statement that any order and any repeat leave the same.

    States are taken in the order of their keys, so that two processes never wait for each other."""
    columns = [list(column) for column in zip(*(_row(*one) for one in told), strict=True)]
    await tx.execute(
        """WITH told AS MATERIALIZED (
            SELECT event_id, contract, service, aggregate, aggregate_id, version, occurred_on, recorded_at,
                   demonstration, department, college, body::jsonb AS body
            FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::int[], $7::date[],
                        $8::timestamptz[], $9::boolean[], $10::text[], $11::text[], $12::text[])
                 AS t (event_id, contract, service, aggregate, aggregate_id, version, occurred_on, recorded_at,
                       demonstration, department, college, body)
        ), kept AS (
            INSERT INTO fact SELECT * FROM told ON CONFLICT DO NOTHING
        ), newest AS (
            INSERT INTO state AS known
            SELECT DISTINCT ON (aggregate, aggregate_id) aggregate, aggregate_id, service, version, event_id,
                   min(occurred_on) OVER (PARTITION BY aggregate, aggregate_id), occurred_on, recorded_at,
                   demonstration, body
            FROM told ORDER BY aggregate, aggregate_id, version DESC, event_id DESC
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
        SELECT pg_notify(current_schema() || '_figures', $13)""",
        *columns,
        columns[3][-1],
    )


def _row(event: Fact, envelope: Envelope) -> tuple[Any, ...]:
    aggregate, identity = about(type(event))
    return (
        envelope.event_id,
        event.contract(),
        event.service,
        aggregate,
        getattr(event, identity),
        getattr(event, "version", 1),
        event.occurred_on,
        envelope.recorded_at,
        event.demonstration,
        getattr(event, "department", None),
        getattr(event, "college", None),
        event.model_dump_json(exclude_none=True),
    )


keep_fact = InBatches(keep_facts)
"""The handler of every fact that figures are made of."""


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


@functools.cache
def about(contract: type[Fact]) -> tuple[str, str]:
    """What a contract's facts are about, and the field that names it; KeyError for a contract that is not kept."""
    return next(IDENTITIES[shape] for shape in contract.__mro__ if shape in IDENTITIES)


HANDLERS: dict[type[DomainEvent], Handler] = {
    **{contract: keep_fact for contract in CARD.listens if contract.__mro__[1] in IDENTITIES or contract in IDENTITIES},
    registry.RegistryDemonstrationRemoved: uncount_demonstration,
    events.EventsDemonstrationRemoved: uncount_demonstration,
    mailing.MailingDemonstrationRemoved: uncount_demonstration,
    registry.ErasureRequested: hear_erasure,
}
