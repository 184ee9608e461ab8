"""The watch: items by hand, one an address."""

from datetime import date
from uuid import UUID

from services.registry.domain import AlreadyWatched, UnknownItem
from services.registry.forms import RecordWatchItem
from shared.clock import new_id, today
from shared.contracts.registry import AbstractWatchItem, WatchItemPublished, WatchItemWithdrawn
from shared.db import Row, Tx


async def record_watch_item(form: RecordWatchItem, tx: Tx, demonstration_day: date | None = None) -> Row:
    """Publish an item. Raises AlreadyWatched where its address is there; one withdrawn before comes back."""
    row = await tx.fetchrow(
        """INSERT INTO watch_item (id, watch_class, title, url, summary, deadline, departments, themes, countries,
               published_on, demonstration)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
           ON CONFLICT (url) DO UPDATE SET status = 'published', version = watch_item.version + 1, watch_class = $2,
               title = $3, summary = $5, deadline = $6, departments = $7, themes = $8, countries = $9,
               published_on = $10
               WHERE watch_item.status = 'withdrawn'
           RETURNING *""",
        new_id(),
        form.watch_class,
        form.title,
        form.url,
        form.summary,
        form.deadline,
        form.departments,
        form.themes,
        form.countries,
        demonstration_day or today(),
        demonstration_day is not None,
    )
    if row is None:
        raise AlreadyWatched()
    tx.emit(_item(WatchItemPublished, row, row["published_on"]))
    return row


async def withdraw_watch_item(item_id: UUID, tx: Tx) -> Row:
    """Take an item back; a second time changes nothing."""
    row = await tx.fetchrow("SELECT * FROM watch_item WHERE id = $1 FOR UPDATE", item_id)
    if row is None:
        raise UnknownItem()
    if row["status"] == "withdrawn":
        return row
    row = await tx.fetchrow(
        "UPDATE watch_item SET status = 'withdrawn', version = version + 1 WHERE id = $1 RETURNING *", item_id
    )
    assert row is not None
    tx.emit(_item(WatchItemWithdrawn, row, today()))
    return row


def _item(
    shape: type[WatchItemPublished] | type[WatchItemWithdrawn], row: Row, day: date
) -> WatchItemPublished | WatchItemWithdrawn:
    names = AbstractWatchItem.model_fields.keys() - {"item_id", "occurred_on"}
    return shape(occurred_on=day, item_id=row["id"], **{name: row[name] for name in names})
