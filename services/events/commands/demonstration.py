"""The fictional season: its gatherings, coming or over, and how they go away."""

from typing import Any, Literal

from services.events.commands.gatherings import create_gathering, publish_gathering
from services.events.commands.telling import gathering_fact
from services.events.domain import Gathering
from services.events.forms import CreateGathering
from shared.clock import today
from shared.contracts.events import EventsDemonstrationRemoved, GatheringCancelled, GatheringRecorded
from shared.db import Tx

BY = "demonstration"


async def record_demonstration_gathering(
    form: CreateGathering, tx: Tx, status: Literal["published", "held", "cancelled"], count: dict[str, Any] | None
) -> Gathering:
    """A fictional gathering: published where it is to come, else as it went, with the head count declared."""
    draft = await create_gathering(form, tx, BY, demonstration=True)
    if status == "published":
        return await publish_gathering(draft.id, tx)
    row = await tx.fetchrow(
        """UPDATE gathering SET status = $2, version = version + 1, published_at = now(), declared_counts = $3
           WHERE id = $1 RETURNING *""",
        draft.id,
        status,
        [count] if count else [],
    )
    gathering = Gathering.of(row)
    tx.emit(gathering_fact(GatheringCancelled if status == "cancelled" else GatheringRecorded, gathering))
    return gathering


async def remove_demonstration(tx: Tx) -> None:
    """Take the fictional gatherings away, with who registered to them; facts marked so uncount."""
    await tx.execute(
        """DELETE FROM registration r USING gathering g
           WHERE g.id = r.gathering_id AND (g.demonstration OR r.demonstration)"""
    )
    await tx.execute("DELETE FROM gathering WHERE demonstration")
    await tx.execute("DELETE FROM person p WHERE NOT EXISTS (SELECT FROM registration r WHERE r.person_id = p.id)")
    tx.emit(EventsDemonstrationRemoved(occurred_on=today()))
