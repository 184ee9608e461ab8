"""The fictional season goes away."""

from shared.clock import today
from shared.contracts.events import EventsDemonstrationRemoved
from shared.db import Tx


async def remove_demonstration(tx: Tx) -> None:
    """Take the fictional gatherings away, with who registered to them; facts marked so uncount."""
    await tx.execute(
        """DELETE FROM registration r USING gathering g
           WHERE g.id = r.gathering_id AND (g.demonstration OR r.demonstration)"""
    )
    await tx.execute("DELETE FROM gathering WHERE demonstration")
    await tx.execute("DELETE FROM person p WHERE NOT EXISTS (SELECT FROM registration r WHERE r.person_id = p.id)")
    tx.emit(EventsDemonstrationRemoved(occurred_on=today()))
