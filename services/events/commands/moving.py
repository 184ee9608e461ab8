"""A gathering moves, goes online, is postponed or cancelled: in one action everyone registered is told."""

from typing import Any, Literal
from uuid import UUID

from services.events.commands.gatherings import slots, span
from services.events.commands.registrations import promote_waiting
from services.events.commands.telling import gathering_fact, letter
from services.events.domain import (
    FewerPlacesThanPeople,
    Gathering,
    NotCancellable,
    NothingChanges,
    NotMovable,
    Session,
    department_of,
)
from services.events.forms import CancelGathering, RelocateGathering
from services.events.links import Links
from services.events.queries.gatherings import locked_gathering
from services.events.queries.registrations import registrants_to_tell
from shared.clock import now
from shared.contracts.events import GatheringCancelled, GatheringRelocated, RegistrantToldOfChange
from shared.db import Tx

Change = Literal["relocated", "postponed", "cancelled"]


async def relocate_gathering(gathering_id: UUID, form: RelocateGathering, tx: Tx, links: Links) -> Gathering:
    """Change where, how or when; what is as asked already changes nothing.

    Raises NotMovable, NothingChanges, FewerPlacesThanPeople.
    """
    before = await locked_gathering(tx, gathering_id)
    if before.status not in ("published", "postponed"):
        raise NotMovable()
    after = _moved(before, form)
    moved = {name for name, value in after.items() if value != getattr(before, name)}
    if not moved:
        return before
    dates = bool({"sessions", "status"} & moved)
    told = bool(moved - {"capacity", "department"})
    gathering = await _write_move(tx, before, after, form.reason, told)
    tx.emit(gathering_fact(GatheringRelocated, gathering))
    promoted = await promote_waiting(gathering, tx, links)
    if told:
        await _tell_everyone(gathering, tx, links, "postponed" if dates else "relocated", promoted)
    return gathering


def _moved(before: Gathering, form: RelocateGathering) -> dict[str, Any]:
    """The gathering's fields once moved."""
    undated = form.undated or form.sessions == []
    asked = (form.mode, form.online_url, form.place, form.sessions, form.capacity)
    if not undated and all(one is None for one in asked):
        raise NothingChanges()
    mode = form.mode or before.mode
    place = form.place or (None if mode == "online" else before.place)
    if form.capacity is not None and form.capacity < before.confirmed_count:
        raise FewerPlacesThanPeople()
    asked_sessions = tuple(Session(one.starts_at, one.ends_at, one.title) for one in form.sessions or ())
    return {
        "status": "postponed" if undated else "published" if asked_sessions else before.status,
        "mode": mode,
        "place": place,
        "department": department_of(place) if place != before.place else before.department,
        "online_url": form.online_url or before.online_url,
        "sessions": before.sessions if undated else asked_sessions or before.sessions,
        "capacity": form.capacity or before.capacity,
    }


async def _write_move(tx: Tx, before: Gathering, after: dict[str, Any], reason: str | None, told: bool) -> Gathering:
    sessions = list(after["sessions"])
    dropped = [*before.sessions, *before.former_sessions][len(sessions) :]
    row = await tx.fetchrow(
        """UPDATE gathering SET version = version + 1, sequence = sequence + $2, status = $3, mode = $4, place = $5,
            department = $6, online_url = $7, sessions = $8, former_sessions = $9, first_day = $10, starts_at = $11,
            ends_at = $12, capacity = $13, reason = $14
        WHERE id = $1 RETURNING *""",
        before.id,
        int(told),
        after["status"],
        after["mode"],
        after["place"],
        after["department"],
        after["online_url"],
        slots(sessions),
        slots(dropped),
        *span(sessions),
        after["capacity"],
        reason,
    )
    return Gathering.of(row)


async def cancel_gathering(gathering_id: UUID, form: CancelGathering, tx: Tx, links: Links) -> Gathering:
    """It will not take place; a cancelled one stays so. Raises NotCancellable."""
    before = await locked_gathering(tx, gathering_id)
    if before.status == "cancelled":
        return before
    if before.status not in ("published", "postponed"):
        raise NotCancellable()
    row = await tx.fetchrow(
        """UPDATE gathering SET version = version + 1, sequence = sequence + 1, status = 'cancelled', reason = $2
           WHERE id = $1 RETURNING *""",
        gathering_id,
        form.reason,
    )
    gathering = Gathering.of(row)
    tx.emit(gathering_fact(GatheringCancelled, gathering))
    if not gathering.is_past(now()):
        await _tell_everyone(gathering, tx, links, "cancelled", set())
    return gathering


async def _tell_everyone(gathering: Gathering, tx: Tx, links: Links, change: Change, but: set[UUID]) -> None:
    for registrant in await registrants_to_tell(tx, gathering.id):
        if registrant.id not in but and registrant.is_told:
            said = letter(links, gathering, registrant)
            tx.emit(RegistrantToldOfChange(change=change, reason=gathering.reason, **said))
