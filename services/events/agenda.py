"""A page of the agenda: its gatherings, how many there are, what they can be filtered by."""

from dataclasses import dataclass

from services.events.cursors import cursor_of, read_cursor
from services.events.domain import Gathering
from services.events.forms import GatheringsAsked
from services.events.queries.gatherings import (
    Choice,
    agenda_choices,
    coming_gatherings,
    count_gatherings,
    past_gatherings,
)
from shared.db import Tx


@dataclass(frozen=True, slots=True)
class AgendaPage:
    """What one answer shows."""

    items: list[Gathering]
    total: int
    choices: list[Choice]
    next: str | None


async def agenda_page(tx: Tx, asked: GatheringsAsked) -> AgendaPage:
    """The gatherings asked for, from the cursor on."""
    place = read_cursor(asked.cursor)
    coming = asked.period == "coming"
    found = await (coming_gatherings if coming else past_gatherings)(tx, asked, place)
    items = found[: asked.limit]
    following = cursor_of(items[-1].starts_at, items[-1].id) if len(found) > asked.limit else None
    return AgendaPage(items, await count_gatherings(tx, asked), await agenda_choices(tx, coming), following)
