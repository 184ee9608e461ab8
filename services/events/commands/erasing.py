"""A person goes; their registrations stay as places and figures that are nobody's."""

from collections.abc import Sequence
from uuid import UUID

from services.erasing import Counts, Erasure, erase_traces
from shared.clock import new_id
from shared.contracts.events import RegistrantNamed
from shared.db import Tx


async def erase_person(erasure: Erasure, tx: Tx) -> tuple[Counts, bool]:
    """Cut each registration asked before the request from whoever asked it; places stay taken, ranks are given up."""
    people = await tx.fetch("SELECT id FROM person WHERE person_key = $1 FOR UPDATE", erasure.person_key)
    rows = await tx.fetch(
        """SELECT id, person_id, gathering_id, status, EXISTS (
               SELECT FROM journal WHERE journal.person_key = $2 AND contract = $3 AND recorded_at > $4
                   AND body IS NOT NULL AND body::jsonb ->> 'registration_id' = registration.id::text) AS later
           FROM registration WHERE person_id = ANY($1) ORDER BY gathering_id, id""",
        [row["id"] for row in people],
        erasure.person_key,
        RegistrantNamed.contract(),
        erasure.requested_at,
    )
    gone = [row["id"] for row in rows if not row["later"]]
    later = [row["id"] for row in rows if row["later"]]
    await _leave_queues(gone, tx)
    for person in people:
        await _cut(person["id"], [row["id"] for row in rows if row["later"] and row["person_id"] == person["id"]], tx)
    nobody = [row["person_id"] for row in rows if row["later"]]
    named = sum(person["id"] not in nobody for person in people)
    traces = await erase_traces(erasure, tx, gone)
    return {"people": named, "registrations": len(gone), "kept": len(later)} | traces, True


async def _leave_queues(registrations: Sequence[UUID], tx: Tx) -> None:
    await tx.execute(
        """WITH left_queue AS (
               SELECT gathering_id, count(*) AS n FROM registration WHERE id = ANY($1) AND status = 'waiting'
               GROUP BY gathering_id)
           UPDATE gathering SET waiting_count = waiting_count - n FROM left_queue WHERE id = gathering_id""",
        registrations,
    )
    await tx.execute(
        """UPDATE registration SET organisation = NULL, queue_number = NULL,
               status = CASE WHEN status = 'waiting' THEN 'cancelled' ELSE status END
           WHERE id = ANY($1)""",
        registrations,
    )


async def _cut(person_id: UUID, later: Sequence[UUID], tx: Tx) -> None:
    """The random id is nobody's; whoever registered again since has another one."""
    if await tx.fetchval("SELECT NOT EXISTS (SELECT FROM registration WHERE person_id = $1)", person_id):
        await tx.execute("DELETE FROM person WHERE id = $1", person_id)
        return
    known = await tx.fetchrow("SELECT person_key, name_key, name, email FROM person WHERE id = $1", person_id)
    assert known is not None
    await tx.execute(
        "UPDATE person SET person_key = 'erased', name_key = id::text, name = '', email = '' WHERE id = $1", person_id
    )
    if later:
        again = new_id()
        await tx.execute(
            "INSERT INTO person (id, person_key, name_key, name, email) VALUES ($1, $2, $3, $4, $5)", again, *known
        )
        await tx.execute("UPDATE registration SET person_id = $1 WHERE id = ANY($2)", again, later)
