"""Who may sign in, and what an address was told lately."""

from datetime import timedelta

from shared.contracts import PersonalEvent
from shared.db import Row, Tx


async def staff_role(tx: Tx, email: str) -> str | None:
    """The role of a staff account, None where there is none."""
    role: str | None = await tx.fetchval("SELECT role FROM staff WHERE lower(email) = lower($1)", email)
    return role


async def accounts(tx: Tx) -> list[Row]:
    """Every staff account, with the day of its last sign-in within a day."""
    return await tx.fetch(
        """SELECT email, role,
               (SELECT max(since) FROM signed_in WHERE signed_in.email = staff.email) AS signed_in_at
           FROM staff ORDER BY email"""
    )


async def times_told(tx: Tx, person_key: str, shape: type[PersonalEvent], within: timedelta) -> int:
    """How many times a mail of that kind was asked for an address in a time."""
    return int(
        await tx.fetchval(
            """SELECT count(*) FROM journal
               WHERE person_key = $1 AND contract = $2 AND recorded_at > now() - $3::interval""",
            person_key,
            shape.contract(),
            within,
        )
    )
