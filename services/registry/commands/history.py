"""What happened to a request, kept in order for its contact and the team."""

from datetime import date
from uuid import UUID

from shared.clock import today
from shared.db import Tx


async def note_step(
    tx: Tx, request_id: UUID, step: str, words: str | None = None, by: str | None = None, on: date | None = None
) -> None:
    """Keep a step of a request, with what was asked, answered or given as a reason."""
    await tx.execute(
        "INSERT INTO listing_step (request_id, happened_on, step, words, by) VALUES ($1, $2, $3, $4, $5)",
        request_id,
        on or today(),
        step,
        words,
        by,
    )
