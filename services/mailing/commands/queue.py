"""Mails enter the queue in the transaction of what they follow from."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.clock import new_id, now
from shared.contracts import Envelope
from shared.db import Tx
from shared.log import correlation_id

SERVICE_MAIL = 0
LETTER = 9


@dataclass(frozen=True, slots=True)
class Queued:
    """A mail as it enters the queue. `to`: email, person_key, lang; `cause`: the event it follows from."""

    kind: str
    to: dict[str, Any]
    words: dict[str, Any]
    cause: Envelope | None = None
    event_id: UUID | None = None


async def queue_mail(
    tx: Tx, kind: str, to: dict[str, Any], words: dict[str, Any], event_id: UUID | None = None
) -> None:
    """One mail before every letter; never two for one event."""
    await queue_mails(tx, [Queued(kind, to, words, tx.cause, event_id)])


async def queue_mails(tx: Tx, mails: list[Queued]) -> None:
    """Mails before every letter, in their order; never two for one event.

    What follows from an event older than a restore may have left before it, and is flagged."""
    rows = [
        (
            new_id(),
            one.event_id,
            one.kind,
            one.to["person_key"],
            one.to["email"],
            one.to["lang"],
            one.words,
            UUID(str(one.words["registration_id"])) if "registration_id" in one.words else None,
            one.words.get("registration_version"),
            one.cause.correlation_id if one.cause else correlation_id(),
            one.cause.recorded_at if one.cause else now(),
        )
        for one in mails
    ]
    await tx.execute(
        """INSERT INTO outgoing (id, event_id, kind, priority, person_key, recipient, domain, lang, words,
               registration_id, registration_version, correlation_id, said_at, perhaps_twice)
           SELECT id, event_id, kind, $12, person_key, recipient, lower(split_part(recipient, '@', 2)), lang, words,
               registration_id, registration_version, correlation_id, said_at,
               EXISTS (SELECT FROM sending_pause WHERE since > said_at)
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::uuid[],
               $9::int[], $10::uuid[], $11::timestamptz[]) AS t (id, event_id, kind, person_key, recipient, lang, words,
               registration_id, registration_version, correlation_id, said_at)
           ON CONFLICT (event_id) DO NOTHING""",
        *(list(column) for column in zip(*rows, strict=True)),
        SERVICE_MAIL,
    )
