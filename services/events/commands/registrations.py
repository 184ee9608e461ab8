"""Places: one statement gives a place or a rank, and a freed place goes to the first who waits."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.events.commands.telling import letter, registration_fact
from services.events.domain import Gathering, RegistrationOvertaken, UnknownRegistration, refuse_closed
from services.events.forms import RegisterPerson
from services.events.links import Links
from services.events.queries.gatherings import gathering_of, locked_gathering
from services.events.queries.registrations import (
    Registrant,
    RegistrationStatus,
    rank_of,
    registrant_known,
    registrant_of,
)
from shared.clock import new_id, now
from shared.contracts.events import (
    RegistrantLeft,
    RegistrantNamed,
    RegistrantPromoted,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationWaitlisted,
)
from shared.db import Row, Tx
from shared.reference import fold
from shared.web.i18n import language

TAKE_PLACE = """WITH held AS MATERIALIZED (
    SELECT FROM gathering WHERE id = $1 FOR UPDATE
), someone AS (
    INSERT INTO person (id, person_key, name_key, name, email)
    SELECT $2::uuid, $3::text, $4::text, $5::text, $6::text FROM held
    ON CONFLICT (person_key, name_key) DO UPDATE SET name = excluded.name, email = excluded.email
    RETURNING id
), mine AS (
    SELECT FROM registration, someone
    WHERE gathering_id = $1 AND person_id = someone.id AND status <> 'cancelled'
), taken AS (
    UPDATE gathering SET
        confirmed_count = confirmed_count
            + (waiting_count = 0 AND confirmed_count < coalesce(capacity, 2147483647))::int,
        waiting_count = waiting_count + 1
            - (waiting_count = 0 AND confirmed_count < coalesce(capacity, 2147483647))::int,
        last_queue_number = last_queue_number + 1
            - (waiting_count = 0 AND confirmed_count < coalesce(capacity, 2147483647))::int
    WHERE EXISTS (SELECT FROM held) AND id = $1 AND status = 'published' AND ends_at > now()
        AND NOT EXISTS (SELECT FROM mine)
    RETURNING *
), placed AS (
    INSERT INTO registration AS kept (id, gathering_id, person_id, status, queue_number,
        organisation, organisation_id, department, country, mode, lang, demonstration)
    SELECT $7, $1, someone.id, CASE WHEN waiting_count > 0 THEN 'waiting' ELSE 'confirmed' END,
        CASE WHEN waiting_count > 0 THEN last_queue_number END, $8,
        (SELECT (array_agg(organisation_id))[1] FROM known_organisation
         WHERE (name_key = $9 OR acronym_key = $9) AND status IN ('published', 'to_refresh')
         HAVING count(*) = 1), $10, $11, $12, $13, $14
    FROM taken, someone
    ON CONFLICT (gathering_id, person_id) DO UPDATE SET
        status = excluded.status, queue_number = excluded.queue_number, version = kept.version + 1,
        organisation = excluded.organisation, organisation_id = excluded.organisation_id,
        department = excluded.department, country = excluded.country, mode = excluded.mode,
        lang = excluded.lang, registered_at = now()
    WHERE kept.status = 'cancelled'
    RETURNING id, person_id, version, status, queue_number, organisation_id, registered_at
)
SELECT taken.*, placed.id AS registration_id, placed.person_id, placed.version AS registration_version,
    placed.status AS registration_status, placed.queue_number, placed.organisation_id, placed.registered_at,
    $1 AS asked_id, $3 AS person_key, $4 AS name_key, $14 AS registration_demonstration
FROM (VALUES (true)) AS asked LEFT JOIN taken ON true LEFT JOIN placed ON true"""
"""One statement: the person, the place if there is one, the registration. Nobody waits while a place is free.

It answers one row in every case: no `id` where nothing was taken, no `registration_id` where a twin was faster. The
gathering's row is held before the person's, by everybody: whoever registers twice at once locks nobody out."""


@dataclass(frozen=True, slots=True)
class Place:
    """What somebody who registers is told."""

    status: RegistrationStatus
    rank: int | None = None

    def answer(self) -> dict[str, object]:
        return {"status": self.status} | ({"rank": self.rank} if self.rank else {})


async def register_person(
    gathering_id: UUID, form: RegisterPerson, tx: Tx, links: Links, demonstration_day: date | None = None
) -> Place:
    """Give a place, or a rank in the waiting list; the same person twice has one registration and gets the same answer.

    Raises RegistrationOvertaken when the same person's other request was first by an instant: once more is enough.
    """
    row = await tx.fetchrow(TAKE_PLACE, *place_asked(gathering_id, form, links, demonstration_day is not None))
    assert row
    return await tell_place(row, form, tx, links, demonstration_day)


def place_asked(
    gathering_id: UUID, form: RegisterPerson, links: Links, demonstration: bool = False
) -> tuple[object, ...]:
    """The values of TAKE_PLACE."""
    return (
        gathering_id,
        new_id(),
        links.person_key(form.email),
        fold(form.name),
        form.name,
        form.email,
        new_id(),
        form.organisation,
        fold(form.organisation or ""),
        form.department,
        form.country,
        form.mode,
        language.get(),
        demonstration,
    )


async def tell_place(
    row: Row, form: RegisterPerson, tx: Tx, links: Links, demonstration_day: date | None = None
) -> Place:
    """What TAKE_PLACE gave, with the facts that tell it. Raises RegistrationOvertaken as `register_person` does."""
    if row["id"] is None:
        return await _place_held(tx, row["asked_id"], row["person_key"], row["name_key"])
    if row["registration_id"] is None:
        raise RegistrationOvertaken()
    gathering, registrant = Gathering.of(row), _registrant(row, form)
    rank = gathering.waiting_count if registrant.status == "waiting" else None
    shape = RegistrationWaitlisted if rank else RegistrationConfirmed
    tx.emit(registration_fact(shape, gathering, registrant, demonstration_day))
    if not registrant.demonstration:
        status = "waiting" if rank else "confirmed"
        tx.emit(RegistrantNamed(status=status, rank=rank, **letter(links, gathering, registrant)))
    return Place(registrant.status, rank)


async def _place_held(tx: Tx, gathering_id: UUID, person_key: str, name_key: str) -> Place:
    known = await registrant_known(tx, gathering_id, person_key, name_key)
    if known is None or known.status == "cancelled":
        refuse_closed(await gathering_of(tx, gathering_id), now())
        raise RegistrationOvertaken()
    return Place(known.status, await rank_of(tx, known))


def _registrant(row: Row, form: RegisterPerson) -> Registrant:
    return Registrant(
        id=row["registration_id"],
        gathering_id=row["id"],
        person_id=row["person_id"],
        version=row["registration_version"],
        status=row["registration_status"],
        queue_number=row["queue_number"],
        mode=form.mode,
        organisation=form.organisation,
        organisation_id=row["organisation_id"],
        department=form.department,
        country=form.country,
        lang=language.get(),
        demonstration=row["registration_demonstration"],
        registered_at=row["registered_at"],
        name=form.name,
        email=form.email,
    )


async def cancel_registration(registration_id: UUID, tx: Tx, links: Links) -> Registrant:
    """Give a place back, or leave the waiting list; the place goes to the first who waits, in the same transaction."""
    gathering_id = await tx.fetchval("SELECT gathering_id FROM registration WHERE id = $1", registration_id)
    if gathering_id is None:
        raise UnknownRegistration()
    gathering = await locked_gathering(tx, gathering_id)
    before = await registrant_of(tx, registration_id)
    if before.status == "cancelled":
        return before
    await tx.execute(
        "UPDATE registration SET status = 'cancelled', queue_number = NULL, version = version + 1 WHERE id = $1",
        registration_id,
    )
    had_place = before.status == "confirmed"
    gathering = await _counted(tx, gathering.id, -1 if had_place else 0, 0 if had_place else -1)
    gone = replace(before, status="cancelled", queue_number=None, version=before.version + 1)
    tx.emit(registration_fact(RegistrationCancelled, gathering, gone))
    if gone.is_told:
        tx.emit(RegistrantLeft(**letter(links, gathering, gone, had_place)))
    if had_place:
        await promote_waiting(gathering, tx, links)
    return gone


async def promote_waiting(gathering: Gathering, tx: Tx, links: Links) -> set[UUID]:
    """Give free places to those who wait, in their order; the gathering's row is held. Returns their registrations."""
    free = gathering.waiting_count if gathering.places_left is None else gathering.places_left
    if not free or not gathering.waiting_count or not (gathering.is_open(now()) or gathering.undecided):
        return set()
    rows = await tx.fetch(
        """WITH first AS (
            SELECT id FROM registration WHERE gathering_id = $1 AND status = 'waiting' ORDER BY queue_number LIMIT $2
        )
        UPDATE registration r SET status = 'confirmed', queue_number = NULL, version = r.version + 1
        FROM first, person p WHERE r.id = first.id AND p.id = r.person_id
        RETURNING r.*, p.name, p.email""",
        gathering.id,
        free,
    )
    gathering = await _counted(tx, gathering.id, len(rows), -len(rows))
    for registrant in sorted((Registrant.of(row) for row in rows), key=lambda one: one.id):
        tx.emit(registration_fact(RegistrationConfirmed, gathering, registrant))
        if registrant.is_told:
            tx.emit(RegistrantPromoted(**letter(links, gathering, registrant)))
    return {row["id"] for row in rows}


async def _counted(tx: Tx, gathering_id: UUID, confirmed: int, waiting: int) -> Gathering:
    row = await tx.fetchrow(
        """UPDATE gathering SET confirmed_count = confirmed_count + $2, waiting_count = waiting_count + $3
           WHERE id = $1 RETURNING *""",
        gathering_id,
        confirmed,
        waiting,
    )
    return Gathering.of(row)
