"""The queue of mails, seen by an operator: how much waits and for how long, and the mails of one story."""

from uuid import UUID

from shared.db import Row, Tx


async def waiting_mails(tx: Tx) -> list[Row]:
    """Mails that are due and have not left, and for how many seconds the oldest has been: service mails, letters."""
    return await tx.fetch(
        """SELECT every.kind, count(outgoing.id) AS n,
                  coalesce(extract(epoch FROM now() - min(outgoing.next_at)), 0)::float8 AS oldest_seconds
           FROM (VALUES ('service_mail', 0), ('letter', 9)) AS every (kind, rank)
           LEFT JOIN outgoing ON (state = 'sending' OR (state = 'queued' AND next_at <= now())) AND priority = rank
           GROUP BY every.kind ORDER BY every.kind"""
    )


async def mails_of_story(tx: Tx, story: UUID, limit: int) -> list[Row]:
    """The mails of a story, without whom they are for."""
    return await tx.fetch(
        """SELECT id, event_id, kind, state, attempts, reason, perhaps_twice, created_at, ended_at
           FROM outgoing WHERE correlation_id = $1 ORDER BY created_at, id LIMIT $2""",
        story,
        limit,
    )
