"""Erasing a person, the same in every service: hear it, wait for who still writes, erase, say it (decision 0012)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from shared.card import Handler, InBatches, Told
from shared.chores import Chore
from shared.clock import today
from shared.contracts import DomainEvent, PersonalEvent, person_key
from shared.contracts.erasure import AbstractPersonErased
from shared.contracts.registry import ErasureRequested
from shared.db import Row, Tx
from shared.log import follow
from shared.service import Service

Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What goes: all that carries this key and was recorded until the request was."""

    id: UUID
    person_key: str
    requested_at: datetime
    receipt_event: UUID | None
    people_secret: str = field(repr=False)

    def is_of(self, address: str) -> bool:
        """Whether this address is the one."""
        return person_key(address, self.people_secret) == self.person_key

    @property
    def last_mail(self) -> UUID:
        """The event whose mail still leaves; no event's id where none is due."""
        return self.receipt_event or UUID(int=0)

    @classmethod
    def of(cls, row: Row, people_secret: str) -> Self:
        return cls(row["erasure_id"], row["person_key"], row["requested_at"], row["receipt_event"], people_secret)


Erase = Callable[[Erasure, Tx], Awaitable[tuple[Counts, bool]]]
"""A service's own work: how many rows went, by kind, and whether nothing is left; harmless when repeated."""


async def hear_erasure(event: ErasureRequested, tx: Tx) -> None:
    """From now on what this person's older events say is nothing here; the chore erases what is there."""
    assert tx.cause
    await tx.execute(
        """INSERT INTO erasure (erasure_id, person_key, requested_at, receipt_event, correlation_id)
           VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING""",
        event.erasure_id,
        event.person_key,
        tx.cause.recorded_at,
        event.receipt_event,
        tx.cause.correlation_id,
    )


def unless_erased(handlers: Mapping[type[DomainEvent], Handler]) -> dict[type[DomainEvent], Handler]:
    """The same handlers, that drop what was recorded of somebody before they asked to be erased."""

    def guarded(handler: Handler) -> Handler:
        async def handle(told: Told, tx: Tx) -> None:
            there = await _not_erased(told, tx)
            if isinstance(handler, InBatches):
                await handler.together(there, tx)
                return
            for event, envelope in there:
                tx.cause = envelope
                await handler(event, tx)

        return InBatches(handle)

    return {shape: guarded(one) if issubclass(shape, PersonalEvent) else one for shape, one in handlers.items()}


async def _not_erased(told: Told, tx: Tx) -> Told:
    rows = await tx.fetch(
        """SELECT place FROM unnest($1::text[], $2::timestamptz[]) WITH ORDINALITY AS t (person_key, recorded_at, place)
           WHERE NOT EXISTS (SELECT FROM erasure e WHERE e.person_key = t.person_key AND requested_at >= recorded_at)
           ORDER BY place""",
        [event.person_key for event, _envelope in told],
        [envelope.recorded_at for _event, envelope in told],
    )
    return [told[row["place"] - 1] for row in rows]


async def erase_traces(erasure: Erasure, tx: Tx, gone: Sequence[UUID] = (), awaited: UUID | None = None) -> Counts:
    """What the bus and repeated forms leave behind: journal, parked events, kept answers.

    `gone` names the rows that went, of which nothing stays even where it was said later; `awaited` is an event that
    somebody must still receive.
    """
    events = await tx.fetchval(
        """WITH blanked AS (
               UPDATE journal SET body = NULL, person_key = NULL, subject = regexp_replace(subject, '[^.]+$', 'erased')
               WHERE person_key = $1 AND body IS NOT NULL AND event_id IS DISTINCT FROM $4 AND (recorded_at <= $2
                   OR coalesce(body::jsonb ->> 'registration_id', body::jsonb ->> 'request_id',
                               body::jsonb ->> 'membership_id') = ANY($3::text[]))
               RETURNING 1)
           SELECT count(*) FROM blanked""",
        erasure.person_key,
        erasure.requested_at,
        [str(one) for one in gone],
        awaited,
    )
    parked = await tx.fetchval(
        """WITH dropped AS (
               DELETE FROM parked WHERE subject LIKE 'people.%.' || $1 AND coalesce(headers ->> 'ce-time', '') <= $2
               RETURNING 1)
           SELECT count(*) FROM dropped""",
        erasure.person_key,
        erasure.requested_at.isoformat(),
    )
    answers = await tx.fetchval(
        """WITH dropped AS (
               DELETE FROM answer WHERE substring(scope FROM 33) = decode(substr($1, 3), 'hex') AND created_at <= $2
                   AND body ->> 'id' IS DISTINCT FROM $3
               RETURNING 1)
           SELECT count(*) FROM dropped""",
        erasure.person_key,
        erasure.requested_at,
        str(erasure.id),
    )
    return {"events": events, "parked": parked, "answers": answers}


def erasing(erase: Erase, said: type[AbstractPersonErased]) -> Chore:
    """The chore that erases, and says so once nothing is left."""

    async def run(service: Service) -> None:
        async with service.db.transaction() as tx:
            await tx.execute("UPDATE erasure SET fenced_at = clock_timestamp() WHERE fenced_at IS NULL")
            due = await tx.fetch(
                """SELECT erasure_id FROM erasure WHERE finished_at IS NULL AND NOT EXISTS (
                       SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user
                           AND pid <> pg_backend_pid() AND xact_start < fenced_at)
                   ORDER BY requested_at LIMIT 100"""
            )
        for row in due:
            async with service.db.transaction() as tx:
                counts = await _erase_one(row["erasure_id"], erase, service.settings.people_secret, tx)
                if counts is not None:
                    tx.emit(said(occurred_on=today(), erasure_id=row["erasure_id"], counts=counts))

    return Chore("erase", 1, run)


async def _erase_one(erasure_id: UUID, erase: Erase, people_secret: str, tx: Tx) -> Counts | None:
    """How many rows went in all, once nothing is left; None before."""
    row = await tx.fetchrow(
        "SELECT * FROM erasure WHERE erasure_id = $1 AND finished_at IS NULL FOR UPDATE SKIP LOCKED", erasure_id
    )
    if row is None:
        return None
    follow(row["correlation_id"])
    went, done = await erase(Erasure.of(row, people_secret), tx)
    counts = {kind: n for kind in (*row["counts"], *went) if (n := row["counts"].get(kind, 0) + went.get(kind, 0))}
    await tx.execute(
        "UPDATE erasure SET counts = $2, finished_at = CASE WHEN $3 THEN now() END WHERE erasure_id = $1",
        erasure_id,
        counts,
        done,
    )
    return counts if done else None
