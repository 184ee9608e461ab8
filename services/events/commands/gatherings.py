"""A gathering is written, corrected while a draft, then published."""

import itertools
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.events.commands.telling import gathering_fact
from services.events.domain import (
    Gathering,
    NotADraft,
    UnknownGroup,
    department_of,
    paris_day,
    refuse_unpublishable,
    slugs_of,
)
from services.events.forms import CreateGathering
from services.events.queries.gatherings import locked_gathering, taken_slugs
from services.events.queries.known import is_known_group
from shared.clock import new_id
from shared.contracts.events import GatheringPublished
from shared.db import Tx


async def create_gathering(form: CreateGathering, tx: Tx, by: str, demonstration: bool = False) -> Gathering:
    """A draft, seen by the team alone. Raises UnknownGroup."""
    if not demonstration:
        await _refuse_unknown_group(tx, form.group)
    row = None
    while row is None:
        row = await tx.fetchrow(
            """INSERT INTO gathering (id, slug, status, title, kind, mode, role, sessions, programme, first_day,
                starts_at, ends_at, place, department, online_url, group_slug, themes, countries, description,
                capacity, demonstration, created_by)
            VALUES ($1, $2, 'draft', $5, $6, $7, 'organiser', $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                $19, $20, $3, $4)
            ON CONFLICT (slug) DO NOTHING RETURNING *""",
            new_id(),
            await free_slug(tx, form.title, paris_day(form.sessions[0].starts_at)),
            demonstration,
            by,
            *_asked(form),
        )
    return Gathering.of(row)


async def edit_draft(gathering_id: UUID, form: CreateGathering, tx: Tx) -> Gathering:
    """Write a draft again; its address stays. Raises NotADraft, UnknownGroup."""
    await _refuse_unknown_group(tx, form.group)
    await locked_gathering(tx, gathering_id)
    row = await tx.fetchrow(
        """UPDATE gathering SET version = version + 1, title = $2, kind = $3, mode = $4, sessions = $5,
            programme = $6, first_day = $7, starts_at = $8, ends_at = $9, place = $10, department = $11,
            online_url = $12, group_slug = $13, themes = $14, countries = $15, description = $16, capacity = $17
        WHERE id = $1 AND status = 'draft' RETURNING *""",
        gathering_id,
        *_asked(form),
    )
    if row is None:
        raise NotADraft()
    return Gathering.of(row)


async def discard_draft(gathering_id: UUID, tx: Tx) -> None:
    """Throw a draft away. Raises NotADraft."""
    gathering = await locked_gathering(tx, gathering_id)
    if gathering.status != "draft":
        raise NotADraft()
    await tx.execute("DELETE FROM gathering WHERE id = $1", gathering_id)


async def publish_gathering(gathering_id: UUID, tx: Tx) -> Gathering:
    """Put a draft in the agenda; a published one stays so. Raises NotPublishable."""
    gathering = await locked_gathering(tx, gathering_id)
    if gathering.status == "published":
        return gathering
    refuse_unpublishable(gathering)
    row = await tx.fetchrow(
        """UPDATE gathering SET status = 'published', version = version + 1, published_at = now()
           WHERE id = $1 RETURNING *""",
        gathering_id,
    )
    gathering = Gathering.of(row)
    tx.emit(gathering_fact(GatheringPublished, gathering))
    return gathering


async def free_slug(tx: Tx, title: str, day: date) -> str:
    """The first address of a title that no gathering has."""
    tried = iter(slugs_of(title, day))
    while True:
        batch = list(itertools.islice(tried, 50))
        taken = await taken_slugs(tx, batch)
        for slug in batch:
            if slug not in taken:
                return slug


def span(sessions: list[Any]) -> tuple[date, datetime, datetime]:
    """The first day in Paris, the first moment and the last."""
    start, end = min(one.starts_at for one in sessions), max(one.ends_at for one in sessions)
    return paris_day(start), start, end


def slots(sessions: list[Any]) -> list[dict[str, Any]]:
    """Sessions as their row keeps them."""
    return [{"starts_at": one.starts_at, "ends_at": one.ends_at, "title": one.title} for one in sessions]


def _asked(form: CreateGathering) -> tuple[Any, ...]:
    programme = [item.model_dump() for item in sorted(form.programme or [], key=lambda one: one.starts_at)]
    return (
        form.title,
        form.kind,
        form.mode,
        slots(list(form.sessions)),
        programme,
        *span(list(form.sessions)),
        form.place,
        form.department or (None if form.mode == "online" else department_of(form.place)),
        form.online_url,
        form.group,
        form.themes or [],
        form.countries or [],
        form.description,
        form.capacity,
    )


async def _refuse_unknown_group(tx: Tx, group: str | None) -> None:
    if group is not None and not await is_known_group(tx, group):
        raise UnknownGroup()
