"""How fast the journals grow, and how many days of disk are left; it imports no service, so that any may ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from shared.clock import now
from shared.db import Tx

RECENT = timedelta(days=7)
LEAST_GROWTH = 1_000_000
"""Bytes a day below which no forecast is worth its name: fifteen years for five gigabytes."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How one service's database has grown over the last week, or since its first fact where it is younger."""

    journal_rows: int
    rows_a_day: float
    """New rows of journal and inbox together."""
    bytes_a_day: float
    database_bytes: int


async def growth(tx: Tx) -> Growth:
    """The growth of this database: an id is born with its moment (UUIDv7), so a week is a range of ids."""
    moment = now()
    row = await tx.fetchrow(
        """SELECT (SELECT count(*) FROM journal) AS journal_rows, (SELECT count(*) FROM inbox) AS inbox_rows,
               (SELECT count(*) FROM journal WHERE event_id >= $1) AS journal_recent,
               (SELECT count(*) FROM inbox WHERE event_id >= $1) AS inbox_recent,
               least((SELECT min(recorded_at) FROM journal WHERE position = (SELECT min(position) FROM journal)),
                   (SELECT min(received_at) FROM inbox)) AS first_at,
               pg_database_size(current_database()) AS size""",
        first_id_of((moment - RECENT).timestamp()),
    )
    assert row
    total = row["journal_rows"] + row["inbox_rows"]
    age = min(moment - row["first_at"], RECENT) if row["first_at"] else RECENT
    days = max(age / timedelta(days=1), 1.0)
    a_day = (row["journal_recent"] + row["inbox_recent"]) / days
    return Growth(row["journal_rows"], a_day, a_day * row["size"] / max(total, 1_000), row["size"])


def first_id_of(moment: float) -> UUID:
    """The smallest UUIDv7 of a moment, in seconds since 1970."""
    return UUID(int=int(moment * 1_000) << 80)


def days_left(free_bytes: int, each: Sequence[Growth]) -> float | None:
    """Days until the disk is full at this pace; None while it hardly grows."""
    a_day = sum(one.bytes_a_day for one in each)
    return None if a_day < LEAST_GROWTH else free_bytes / a_day
