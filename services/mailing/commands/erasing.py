"""A reader goes: what waits for them, what was sent to them, their choices; their key alone stays, against letters."""

from services.erasing import Counts, Erasure, erase_traces
from shared.db import Tx


async def erase_reader(erasure: Erasure, tx: Tx) -> tuple[Counts, bool]:
    """Delete all that carries the key and was said before the request; the last mail goes once it has left."""
    counts = await _erase_choices(erasure, tx)
    counts["mails"] = await _erase_mails(erasure, tx)
    await _suppress(erasure, tx)
    return counts | await erase_traces(erasure, tx), await _nothing_leaves(erasure, tx)


async def _erase_choices(erasure: Erasure, tx: Tx) -> Counts:
    row = await tx.fetchrow(
        """WITH subscriptions AS (
               DELETE FROM subscriber WHERE person_key = $1 AND confirmed_at <= $2 RETURNING 1),
           requests AS (
               DELETE FROM subscription_request WHERE person_key = $1 AND asked_at <= $2 RETURNING 1),
           groups AS (
               DELETE FROM known_membership WHERE person_key = $1 AND named_at <= $2 RETURNING 1)
           SELECT (SELECT count(*) FROM subscriptions) AS subscriptions,
                  (SELECT count(*) FROM requests) AS subscription_requests,
                  (SELECT count(*) FROM groups) AS group_letters""",
        erasure.person_key,
        erasure.requested_at,
    )
    assert row is not None
    return dict(row)


async def _erase_mails(erasure: Erasure, tx: Tx) -> int:
    """Service mails go whole; a letter of a campaign stays as a number, which is nobody's.

    What a sender holds at this instant loses its address now and goes at the next look, once it is settled.
    """
    await tx.execute(
        """UPDATE outgoing SET recipient = NULL, words = NULL
           WHERE person_key = $1 AND said_at <= $2 AND state = 'sending' AND event_id IS DISTINCT FROM $3""",
        erasure.person_key,
        erasure.requested_at,
        erasure.last_mail,
    )
    row = await tx.fetchrow(
        """WITH served AS (
               DELETE FROM outgoing WHERE person_key = $1 AND said_at <= $2 AND campaign_id IS NULL
                   AND (state NOT IN ('queued', 'sending') OR state = 'queued' AND event_id IS DISTINCT FROM $3)
               RETURNING 1),
           letters AS (
               UPDATE outgoing SET recipient = NULL, words = NULL, subscriber_id = NULL, person_key = 'erased',
                   domain = '', reason = CASE WHEN state = 'queued' THEN 'erased' ELSE reason END,
                   ended_at = coalesce(ended_at, now()),
                   state = CASE WHEN state = 'queued' THEN 'skipped' ELSE state END
               WHERE person_key = $1 AND said_at <= $2 AND campaign_id IS NOT NULL AND state <> 'sending'
               RETURNING 1)
           SELECT (SELECT count(*) FROM served) + (SELECT count(*) FROM letters) AS n""",
        erasure.person_key,
        erasure.requested_at,
        erasure.last_mail,
    )
    assert row is not None
    return int(row["n"])


async def _suppress(erasure: Erasure, tx: Tx) -> None:
    """No letter any more, unless they have confirmed since that they come back."""
    await tx.execute(
        """INSERT INTO suppression AS known (person_key, reason, since)
           SELECT $1, 'erased', $2 WHERE NOT EXISTS (SELECT FROM subscriber WHERE person_key = $1)
           ON CONFLICT (person_key) DO UPDATE SET reason = 'erased', since = greatest(known.since, excluded.since)""",
        erasure.person_key,
        erasure.requested_at,
    )


async def _nothing_leaves(erasure: Erasure, tx: Tx) -> bool:
    """Whether no sender holds a mail of theirs, and the last one was queued and has ended; waited for three days."""
    return bool(
        await tx.fetchval(
            """SELECT NOT EXISTS (SELECT FROM outgoing WHERE person_key = $1 AND said_at <= $2)
                   AND ($3::uuid IS NULL OR EXISTS (SELECT FROM inbox WHERE event_id = $3)
                        OR $2 < now() - interval '3 days')""",
            erasure.person_key,
            erasure.requested_at,
            erasure.receipt_event,
        )
    )
