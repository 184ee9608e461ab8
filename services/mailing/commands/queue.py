"""Mails enter the queue in the transaction of what they follow from."""

from typing import Any
from uuid import UUID

from shared.clock import new_id
from shared.db import Tx
from shared.log import correlation_id

SERVICE_MAIL = 0
LETTER = 9


async def queue_mail(
    tx: Tx, kind: str, to: dict[str, Any], words: dict[str, Any], event_id: UUID | None = None
) -> None:
    """One mail before every letter; never two for one event. `to`: email, person_key, lang.

    What follows from an event older than a restore may have left before it, and is flagged."""
    await tx.execute(
        """INSERT INTO outgoing (id, event_id, kind, priority, person_key, recipient, domain, lang, words,
               registration_id, registration_version, correlation_id, said_at, perhaps_twice)
           VALUES ($1, $2, $3, $4, $5, $6, lower(split_part($6, '@', 2)), $7, $8, $9, $10, $11, coalesce($12, now()),
               EXISTS (SELECT FROM sending_pause WHERE since > coalesce($12, now())))
           ON CONFLICT (event_id) DO NOTHING""",
        new_id(),
        event_id,
        kind,
        SERVICE_MAIL,
        to["person_key"],
        to["email"],
        to["lang"],
        words,
        UUID(str(words["registration_id"])) if "registration_id" in words else None,
        words.get("registration_version"),
        tx.cause.correlation_id if tx.cause else correlation_id(),
        tx.cause.recorded_at if tx.cause else None,
    )
