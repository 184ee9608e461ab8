"""Whether mails may leave."""

from dataclasses import dataclass
from datetime import datetime

from shared.db import Tx


@dataclass(frozen=True, slots=True)
class Pause:
    """Sending is held: since when, why, and what waits."""

    since: datetime
    reason: str
    restored_to: datetime | None
    waiting: int
    """Mails that wait."""
    perhaps_left: int
    """Those of them that may have left already, after the backup was taken."""


async def pause_of(tx: Tx, lock: bool = False) -> Pause | None:
    """The pause, None while mails leave; `lock` keeps others from ending it too."""
    if lock:
        await tx.fetch("SELECT FROM sending_pause FOR UPDATE")
    row = await tx.fetchrow(
        """SELECT since, reason, restored_to,
               (SELECT count(*) FROM outgoing WHERE state IN ('queued', 'sending')) AS waiting,
               (SELECT count(*) FROM outgoing WHERE state IN ('queued', 'sending') AND perhaps_twice) AS perhaps_left
           FROM sending_pause"""
    )
    return Pause(**row) if row else None
