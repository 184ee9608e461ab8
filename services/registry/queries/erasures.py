"""Receipts of erasures, as the person and the team read them."""

from uuid import UUID

from services.registry.domain import UnknownErasure
from shared.db import Row, Tx

SERVICES = ("registry", "events", "mailing", "observatory")


async def receipt_of(tx: Tx, erasure_id: UUID) -> Row:
    """A receipt with how many services have done their part, or UnknownErasure."""
    row = await tx.fetchrow(
        """SELECT erasure_id, requested_by, requested_at, purged_at,
                  (SELECT count(*) FROM erasure_part AS part WHERE part.erasure_id = receipt.erasure_id) AS done
           FROM erasure_receipt AS receipt WHERE erasure_id = $1""",
        erasure_id,
    )
    if row is None:
        raise UnknownErasure()
    return row


async def parts_of(tx: Tx, erasure_id: UUID) -> dict[str, Row]:
    """What each service has done, by its name."""
    rows = await tx.fetch("SELECT service, counts, erased_at FROM erasure_part WHERE erasure_id = $1", erasure_id)
    return {row["service"]: row for row in rows}


async def latest_receipts(tx: Tx, limit: int) -> list[Row]:
    """The last erasures, newest first."""
    return await tx.fetch(
        """SELECT erasure_id, requested_by, requested_at, purged_at,
                  (SELECT count(*) FROM erasure_part AS part WHERE part.erasure_id = receipt.erasure_id) AS done
           FROM erasure_receipt AS receipt ORDER BY requested_at DESC, erasure_id DESC LIMIT $1""",
        limit,
    )


async def held_of(tx: Tx, person_key: str) -> Row:
    """What the registry holds of a person, in numbers."""
    row = await tx.fetchrow(
        """SELECT (SELECT count(*) FROM listing_request WHERE person_key = $1) AS requests,
                  (SELECT count(*) FROM membership WHERE person_key = $1) AS memberships""",
        person_key,
    )
    assert row is not None
    return row
