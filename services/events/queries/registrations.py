"""Who is registered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from services.events.domain import UnknownRegistration
from shared.contracts.events import Mode
from shared.db import Tx

RegistrationStatus = Literal["confirmed", "waiting", "cancelled"]


@dataclass(frozen=True, slots=True)
class Registrant:
    """A registration and the person behind it."""

    id: UUID
    gathering_id: UUID
    person_id: UUID
    version: int
    status: RegistrationStatus
    queue_number: int | None
    mode: Mode | None
    organisation: str | None
    organisation_id: UUID | None
    department: str | None
    country: str | None
    lang: str
    demonstration: bool
    registered_at: datetime
    name: str
    email: str

    @property
    def erased(self) -> bool:
        """Whether whoever registered was erased since: a place that is nobody's."""
        return not self.email

    @property
    def is_told(self) -> bool:
        """Whether mail may leave: not to the fictional season, and not to nobody."""
        return not self.demonstration and not self.erased

    @classmethod
    def of(cls, row: Any) -> Self:
        return cls(**{name: row[name] for name in cls.__slots__})


async def registrant_of(tx: Tx, registration_id: UUID) -> Registrant:
    """The registration of this id; UnknownRegistration."""
    row = await tx.fetchrow(
        """SELECT r.*, p.name, p.email FROM registration r JOIN person p ON p.id = r.person_id WHERE r.id = $1""",
        registration_id,
    )
    if row is None:
        raise UnknownRegistration()
    return Registrant.of(row)


async def own_registration(tx: Tx, registration_id: UUID) -> Registrant:
    """The registration of whoever holds its link; UnknownRegistration, also once they were erased."""
    found = await registrant_of(tx, registration_id)
    if found.erased:
        raise UnknownRegistration()
    return found


async def registrant_known(tx: Tx, gathering_id: UUID, person_key: str, name_key: str) -> Registrant | None:
    """The registration this person already has, cancelled or not."""
    row = await tx.fetchrow(
        """SELECT r.*, p.name, p.email FROM registration r JOIN person p ON p.id = r.person_id
           WHERE r.gathering_id = $1 AND p.person_key = $2 AND p.name_key = $3""",
        gathering_id,
        person_key,
        name_key,
    )
    return Registrant.of(row) if row else None


async def rank_of(tx: Tx, registrant: Registrant) -> int | None:
    """The place in the waiting list, from 1; None for whoever does not wait."""
    if registrant.status != "waiting":
        return None
    rank: int = await tx.fetchval(
        """SELECT count(*) FROM registration
           WHERE gathering_id = $1 AND status = 'waiting' AND queue_number <= $2""",
        registrant.gathering_id,
        registrant.queue_number,
    )
    return rank


async def registrants_to_tell(tx: Tx, gathering_id: UUID) -> list[Registrant]:
    """Everyone who has a place or waits for one."""
    rows = await tx.fetch(
        """SELECT r.*, p.name, p.email FROM registration r JOIN person p ON p.id = r.person_id
           WHERE r.gathering_id = $1 AND r.status <> 'cancelled' ORDER BY r.id""",
        gathering_id,
    )
    return [Registrant.of(row) for row in rows]


async def registrants_page(
    tx: Tx, gathering_id: UUID, after: UUID | None, limit: int
) -> list[tuple[Registrant, int | None]]:
    """Registrations in the order they came, each with its rank where it waits; one more than the limit."""
    rows = await tx.fetch(
        """WITH waiting AS (
               SELECT id, row_number() OVER (ORDER BY queue_number) AS rank FROM registration
               WHERE gathering_id = $1 AND status = 'waiting'
           )
           SELECT r.*, p.name, p.email, w.rank
           FROM registration r JOIN person p ON p.id = r.person_id LEFT JOIN waiting w ON w.id = r.id
           WHERE r.gathering_id = $1 AND ($2::uuid IS NULL OR r.id > $2) ORDER BY r.id LIMIT $3""",
        gathering_id,
        after,
        limit + 1,
    )
    return [(Registrant.of(row), row["rank"]) for row in rows]


async def count_registrants(tx: Tx, gathering_id: UUID) -> dict[str, int]:
    """How many are confirmed, waiting, cancelled."""
    rows = await tx.fetch(
        "SELECT status, count(*) AS n FROM registration WHERE gathering_id = $1 GROUP BY status", gathering_id
    )
    return {"confirmed": 0, "waiting": 0, "cancelled": 0} | {row["status"]: row["n"] for row in rows}
