"""The queue as the sender sees it: claim, settle, give back. Each is committed before SMTP hears of a letter."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from services.mailing.domain import PATIENCE
from shared.clock import now, today
from shared.contracts.mailing import LetterAccepted
from shared.db import Row, Tx
from shared.log import follow

BATCH = 40
"""Mails that a lane takes at a time."""
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
    priority: int
    domain: str
    known_version: int | None = None
    """What was known of its registration when it was claimed: the newest version, and its status."""
    known_status: str | None = None

    @classmethod
    def of(cls, row: Row) -> Self:
        held: dict[str, Any] = {name: row.get(name) for name in cls.__slots__}
        return cls(**held | {"words": row["words"] or {}})

    @property
    def lane(self) -> str:
        """Mails of one domain and urgency follow each other."""
        return f"{self.priority}:{self.domain}"

    @property
    def is_overtaken(self) -> bool:
        """Whether what it says of a registration is no longer so; a newer mail says what is."""
        if self.known_version is None or self.known_version <= (self.registration_version or 0):
            return False
        return not self.kind.startswith("events.registrant_told_of_change") or self.known_status == "cancelled"


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


async def claim(tx: Tx, worker: UUID, busy: list[str], room: int) -> list[Outgoing]:
    """Take what is due, a few mails a lane, service mails first; nobody else can have them.

    `busy` lanes (`0:poste.example`) are left out; letters open at most `room` more, service mails as many as they need;
    nothing is due in a pause.
    """
    rows = await tx.fetch(
        """WITH RECURSIVE lane (priority, domain, is_free, opened) AS (
               SELECT (-1)::smallint, '', false, 0
               UNION ALL
               SELECT following.*, opened + (following.is_free AND following.priority > 0)::int
               FROM lane CROSS JOIN LATERAL (
                   SELECT priority, domain, next_at <= now() AND (priority = 0 OR $3 > 0)
                       AND (priority || ':' || domain) <> ALL($2::text[])
                   FROM outgoing
                   WHERE state = 'queued' AND recipient IS NOT NULL AND (lane.priority <= 0 OR lane.opened < $3)
                     AND (priority, domain) > (lane.priority, lane.domain)
                   ORDER BY priority, domain, next_at, id LIMIT 1) AS following (priority, domain, is_free)
           ), taken AS MATERIALIZED (
               SELECT letter.id, letter.registration_id FROM lane CROSS JOIN LATERAL (
                   SELECT id, registration_id FROM outgoing
                   WHERE state = 'queued' AND recipient IS NOT NULL AND next_at <= now()
                     AND priority = lane.priority AND domain = lane.domain
                   ORDER BY next_at, id LIMIT $4 FOR UPDATE SKIP LOCKED) AS letter
               WHERE lane.is_free AND NOT EXISTS (SELECT FROM sending_pause)
           )
           UPDATE outgoing o SET state = 'sending', worker = $1
           FROM taken LEFT JOIN known_registration k USING (registration_id)
           WHERE o.id = taken.id
           RETURNING o.*, k.version AS known_version, k.status AS known_status""",
        worker,
        busy,
        room,
        BATCH,
    )
    return sorted((Outgoing.of(row) for row in rows), key=lambda one: one.id)


async def unclaim(tx: Tx, worker: UUID, in_hand: list[UUID]) -> None:
    """Give back what a claim without an answer may have given this worker, beside what it has in hand."""
    await tx.execute(
        """UPDATE outgoing SET state = 'queued', worker = NULL
           WHERE worker = $1 AND state = 'sending' AND id <> ALL($2::uuid[])""",
        worker,
        in_hand,
    )


async def settle_sent(tx: Tx, worker: UUID, letters: list[tuple[Outgoing, str | None]]) -> None:
    """A server accepted these, each with its reader's department; their words are forgotten, since links are keys.

    Told by whoever holds a letter, once."""
    rows = await tx.fetch(
        """UPDATE outgoing SET state = 'sent', words = NULL, ended_at = now(), worker = NULL, reason = NULL
           WHERE id = ANY($1::uuid[]) AND worker = $2 RETURNING id""",
        [letter.id for letter, _department in letters],
        worker,
    )
    held = {row["id"] for row in rows}
    for letter, department in letters:
        if letter.campaign_id is None or letter.id not in held:
            continue
        follow(letter.correlation_id)
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
