"""Nothing leaves while sending is paused, as after a restore: what waits may have left once already."""

from datetime import datetime

from services.mailing.commands.campaigns import call_back
from services.mailing.domain import NotADraft
from services.mailing.queries.pause import Pause, pause_of
from shared.db import Tx

OLD_NEWS = "waited when the backup was taken"


async def pause_sending(tx: Tx, reason: str, restored_to: datetime | None = None) -> Pause:
    """From now on no mail leaves; what a restored queue holds is flagged, since it may have left after the backup."""
    await tx.execute(
        """INSERT INTO sending_pause (reason, restored_to) VALUES ($1, $2)
           ON CONFLICT (one) DO UPDATE SET since = now(), reason = $1, restored_to = $2""",
        reason,
        restored_to,
    )
    if restored_to:
        await tx.execute("UPDATE outgoing SET perhaps_twice = true WHERE state IN ('queued', 'sending')")
    found = await pause_of(tx)
    assert found
    return found


async def resume_sending(tx: Tx, drop: bool) -> Pause | None:
    """Mails leave again; `drop` gives up those that may have left before. What was paused, None where nothing was."""
    found = await pause_of(tx, lock=True)
    if found is None:
        return None
    if drop:
        await _call_back_approved(tx, found)
        await tx.execute(
            """UPDATE outgoing SET state = 'skipped', reason = $1, words = NULL, ended_at = now(), worker = NULL
               WHERE state IN ('queued', 'sending') AND perhaps_twice""",
            OLD_NEWS,
        )
    await tx.execute("DELETE FROM sending_pause")
    return found


async def _call_back_approved(tx: Tx, pause: Pause) -> None:
    """A letter approved before the restore may have left since: its approval is asked again."""
    rows = await tx.fetch("SELECT id FROM campaign WHERE status = 'approved' AND approved_at < $1", pause.since)
    for row in rows:
        try:
            await call_back(row["id"], tx)
        except NotADraft:  # another newsletter is being written: this one waits for its approval a year ahead
            await tx.execute(
                "UPDATE campaign SET send_at = now() + interval '1 year', version = version + 1 WHERE id = $1",
                row["id"],
            )
