"""The queue as the sender sees it: claim, settle, give back. Each is committed before SMTP hears of a letter."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from services.mailing.domain import PATIENCE
from shared.clock import now, today
from shared.contracts.mailing import LetterAccepted
from shared.db import Row, Tx

DEAD_SECONDS = 10
"""A worker that said nothing for so long is dead: its letters are taken over, flagged."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A claimed mail."""

    id: UUID
    kind: str
    recipient: str
    person_key: str
    lang: str
    words: dict[str, Any]
    campaign_id: UUID | None
    subscriber_id: UUID | None
    registration_id: UUID | None
    registration_version: int | None
    attempts: int
    demonstration: bool
    correlation_id: UUID
    created_at: datetime

    @classmethod
    def of(cls, row: Row) -> Self:
        names = [name for name in cls.__slots__ if name != "words"]
        return cls(words=row["words"] or {}, **{name: row[name] for name in names})


async def beat(tx: Tx, worker: UUID) -> None:
    """Say that this worker lives, and take back what the dead held: it may have left, so it is flagged."""
    await tx.execute(
        """INSERT INTO sender (worker) VALUES ($1) ON CONFLICT (worker) DO UPDATE SET seen_at = now()""", worker
    )
    await tx.execute(
        """WITH held AS MATERIALIZED (
               SELECT id FROM outgoing o WHERE state = 'sending' AND NOT EXISTS (
               SELECT FROM sender s WHERE s.worker = o.worker AND s.seen_at > now() - make_interval(secs => $1))
               LIMIT 500 FOR UPDATE SKIP LOCKED)
           UPDATE outgoing o SET state = 'queued', worker = NULL, perhaps_twice = true
           FROM held WHERE o.id = held.id""",
        DEAD_SECONDS,
    )
    await tx.execute("DELETE FROM sender WHERE seen_at < now() - interval '1 hour'")


async def leave(tx: Tx, worker: UUID) -> None:
    """This worker stops: what it still held is somebody else's at once."""
    await tx.execute("DELETE FROM sender WHERE worker = $1", worker)


async def due_lanes(tx: Tx, busy: list[str]) -> list[tuple[str, int]]:
    """Domains with mail due, service mails first; `busy` lanes (`0:poste.example`) are left out; none in a pause."""
    rows = await tx.fetch(
        """SELECT domain, priority FROM outgoing
           WHERE state = 'queued' AND next_at <= now() AND (priority || ':' || domain) <> ALL($1::text[])
               AND NOT EXISTS (SELECT FROM sending_pause)
           ORDER BY priority, next_at, id LIMIT 200""",
        busy,
    )
    return list(dict.fromkeys((row["domain"], row["priority"]) for row in rows))


async def claim(tx: Tx, worker: UUID, domain: str, priority: int, limit: int) -> list[Outgoing]:
    """Take a few mails of one domain; nobody else can."""
    rows = await tx.fetch(
        """WITH due AS MATERIALIZED (
               SELECT id FROM outgoing WHERE state = 'queued' AND next_at <= now() AND domain = $2 AND priority = $3
                   AND recipient IS NOT NULL
               AND NOT EXISTS (SELECT FROM sending_pause)
               ORDER BY next_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
           UPDATE outgoing o SET state = 'sending', worker = $1 FROM due WHERE o.id = due.id
           RETURNING o.*""",
        worker,
        domain,
        priority,
        limit,
    )
    return sorted((Outgoing.of(row) for row in rows), key=lambda one: one.id)


async def unclaim(tx: Tx, worker: UUID, domain: str, priority: int) -> None:
    """A lane that holds nothing gives back what a commit without an answer may have given it."""
    await tx.execute(
        """UPDATE outgoing SET state = 'queued', worker = NULL
           WHERE worker = $1 AND domain = $2 AND priority = $3 AND state = 'sending'""",
        worker,
        domain,
        priority,
    )


async def settle_sent(tx: Tx, worker: UUID, letter: Outgoing, department: str | None) -> None:
    """A server accepted it; what it said is forgotten, since its links are keys. Told by whoever holds it, once."""
    held = await tx.fetchval(
        """UPDATE outgoing SET state = 'sent', words = NULL, ended_at = now(), worker = NULL, reason = NULL
           WHERE id = $1 AND worker = $2 RETURNING true""",
        letter.id,
        worker,
    )
    if not held or letter.campaign_id is None:
        return
    tx.emit(
        LetterAccepted(
            occurred_on=today(),
            demonstration=letter.demonstration,
            letter_id=letter.id,
            campaign_id=letter.campaign_id,
            department=department,
        )
    )


async def settle_ended(tx: Tx, worker: UUID, letter: Outgoing, state: str, reason: str) -> None:
    """It will not leave: refused for good, or no longer wanted."""
    await tx.execute(
        """UPDATE outgoing SET state = $3, reason = $4, words = NULL, ended_at = now(), worker = NULL
           WHERE id = $1 AND worker = $2""",
        letter.id,
        worker,
        state,
        reason,
    )


async def settle_later(
    tx: Tx, worker: UUID, letter: Outgoing, wait: timedelta, reason: str, perhaps_left: bool
) -> None:
    """Try again after a while, flagged where the server may have kept it; after two days, no more."""
    if letter.created_at < now() - PATIENCE:
        await settle_ended(tx, worker, letter, "failed", reason)
        return
    await tx.execute(
        """UPDATE outgoing SET state = 'queued', worker = NULL, attempts = attempts + 1, reason = $3,
               next_at = now() + $4, perhaps_twice = perhaps_twice OR $5 WHERE id = $1 AND worker = $2""",
        letter.id,
        worker,
        reason,
        wait,
        perhaps_left,
    )


async def give_back(tx: Tx, worker: UUID, letters: list[UUID], wait: timedelta) -> None:
    """Claimed and not tried: back in the queue, as if nothing had been."""
    await tx.execute(
        """UPDATE outgoing SET state = 'queued', worker = NULL, next_at = now() + $3
           WHERE id = ANY($1::uuid[]) AND worker = $2 AND state = 'sending'""",
        letters,
        worker,
        wait,
    )


async def suppress(tx: Tx, letter: Outgoing) -> None:
    """The mailbox does not exist: no letter goes there any more."""
    await tx.execute(
        "INSERT INTO suppression (person_key, reason) VALUES ($1, 'refused') ON CONFLICT DO NOTHING", letter.person_key
    )


async def is_overtaken(tx: Tx, letter: Outgoing) -> bool:
    """Whether what this mail says of a registration is no longer so; a newer mail says what is."""
    if letter.registration_id is None:
        return False
    known = await tx.fetchrow(
        "SELECT version, status FROM known_registration WHERE registration_id = $1", letter.registration_id
    )
    if known is None or known["version"] <= (letter.registration_version or 0):
        return False
    return not letter.kind.startswith("events.registrant_told_of_change") or known["status"] == "cancelled"
