"""The watch, as pages and API show it."""

from datetime import date
from uuid import UUID

from shared.db import Row, Tx


async def watch_items(tx: Tx, status: str, on: date | None, limit: int) -> list[Row]:
    """Watch items of a state, newest first; with `on`, those whose deadline is not past."""
    return await tx.fetch(
        """SELECT * FROM watch_item
           WHERE ($1 = '' OR status = $1) AND ($2::date IS NULL OR deadline IS NULL OR deadline >= $2)
           ORDER BY published_on DESC, id DESC LIMIT $3""",
        status,
        on,
        limit,
    )


async def open_items(tx: Tx, on: date, watch_class: str | None, after: UUID | None, limit: int) -> list[Row]:
    """Published items whose deadline is not past, newest first, by keyset."""
    return await tx.fetch(
        """SELECT * FROM watch_item
           WHERE status = 'published' AND (deadline IS NULL OR deadline >= $1)
             AND ($2::text IS NULL OR watch_class = $2)
             AND ($3::uuid IS NULL
                  OR (published_on, id) < (SELECT published_on, id FROM watch_item AS last WHERE last.id = $3))
           ORDER BY published_on DESC, id DESC LIMIT $4""",
        on,
        watch_class,
        after,
        limit,
    )


async def open_count(tx: Tx, on: date, watch_class: str | None) -> int:
    """How many published items are not past their deadline."""
    return int(
        await tx.fetchval(
            """SELECT count(*) FROM watch_item
               WHERE status = 'published' AND (deadline IS NULL OR deadline >= $1)
                 AND ($2::text IS NULL OR watch_class = $2)""",
            on,
            watch_class,
        )
    )
