"""One story, by its correlation id: what this service said in it, what it heard, what it could not do."""

from typing import Any
from uuid import UUID

from shared.db import Tx
from shared.log import without_addresses

LONGEST = 500
"""Facts shown of one story; an approved letter has one for each reader."""


async def said(tx: Tx, story: UUID) -> list[dict[str, Any]]:
    """The facts this service said in a story, in their order, without what they say of anyone."""
    rows = await tx.fetch(
        """SELECT event_id, contract, stream, causation_id, recorded_at, stream_seq IS NOT NULL AS relayed,
                  body IS NULL AS forgotten
           FROM journal WHERE correlation_id = $1 ORDER BY position LIMIT $2""",
        story,
        LONGEST,
    )
    return [dict(row) for row in rows]


async def stuck(tx: Tx, story: UUID) -> list[dict[str, Any]]:
    """What this service heard in a story and could not do yet, with the reason."""
    rows = await tx.fetch(
        """SELECT consumer, event_id, contract, attempts, reason, first_at,
                  CASE WHEN next_at IS NULL THEN 'dead' ELSE 'waiting' END AS state
           FROM parked WHERE headers->>'correlation-id' = $1 ORDER BY first_at LIMIT $2""",
        str(story),
        LONGEST,
    )
    return [dict(row) | {"reason": without_addresses(row["reason"])} for row in rows]


async def handled(tx: Tx, consumers: list[str], facts: list[UUID]) -> list[dict[str, Any]]:
    """When this service handled each of these facts, where it did."""
    rows = await tx.fetch(
        """SELECT consumer, event_id, received_at FROM inbox
           WHERE consumer = ANY($1) AND event_id = ANY($2) ORDER BY received_at""",
        consumers,
        facts,
    )
    return [dict(row) for row in rows]
