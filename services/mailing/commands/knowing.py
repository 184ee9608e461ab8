"""What the facts of others say, kept for the letters: always the newest version, in whatever order they come."""

from datetime import UTC, datetime, timedelta
from datetime import time as clock_time

from shared.card import InBatches, Told
from shared.clock import PARIS, now
from shared.contracts import DomainEvent
from shared.contracts.base import Fact
from shared.contracts.events import AbstractGathering
from shared.contracts.registry import AbstractWatchItem, GroupRecorded
from shared.db import Tx


async def know_gathering(event: AbstractGathering, tx: Tx) -> None:
    """Keep the newest state of a gathering."""
    if await _ended(event, tx):
        return
    first = datetime.combine(event.occurred_on, clock_time(), PARIS).astimezone(UTC)
    await tx.execute(
        """INSERT INTO known_gathering AS known (gathering_id, version, status, slug, title, kind, mode, starts_at,
               ends_at, by_hour, capacity, place, department, group_slug, source, demonstration, recorded_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
           ON CONFLICT (gathering_id) DO UPDATE SET version = excluded.version, status = excluded.status,
               slug = excluded.slug, title = excluded.title, kind = excluded.kind, mode = excluded.mode,
               starts_at = excluded.starts_at, ends_at = excluded.ends_at, by_hour = excluded.by_hour,
               capacity = excluded.capacity, place = excluded.place, department = excluded.department,
               group_slug = excluded.group_slug, source = excluded.source,
               recorded_at = excluded.recorded_at
           WHERE known.version < excluded.version""",
        event.gathering_id,
        event.version,
        event.status,
        event.slug,
        event.title,
        event.kind,
        event.mode,
        min((one.starts_at for one in event.sessions), default=first),
        max((one.ends_at for one in event.sessions), default=first + timedelta(days=1)),
        bool(event.sessions) and event.date_precision == "time",
        event.capacity,
        event.place,
        event.department,
        event.group_slug,
        event.source,
        event.demonstration,
        _recorded_at(tx),
    )


async def know_registrations(told: Told, tx: Tx) -> None:
    """Keep the newest state of registrations: places left are counted from these."""
    rows = [
        (
            event.registration_id,
            event.version,
            event.gathering_id,
            event.status,
            event.demonstration,
            envelope.recorded_at,
        )
        for event, envelope in await _going_on(told, tx)
    ]
    if not rows:
        return
    await tx.execute(
        """INSERT INTO known_registration AS known
               (registration_id, version, gathering_id, status, demonstration, recorded_at)
           SELECT DISTINCT ON (registration_id) * FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::text[],
               $5::boolean[], $6::timestamptz[])
               AS t (registration_id, version, gathering_id, status, demonstration, recorded_at)
           ORDER BY registration_id, version DESC
           ON CONFLICT (registration_id) DO UPDATE SET version = excluded.version, status = excluded.status,
               recorded_at = excluded.recorded_at
           WHERE known.version < excluded.version""",
        *(list(column) for column in zip(*rows, strict=True)),
    )


know_registration = InBatches(know_registrations)


async def know_organisations(told: Told, tx: Tx) -> None:
    """Keep the newest state of structures."""
    rows = [
        (
            event.organisation_id,
            event.version,
            event.status,
            event.slug,
            event.name,
            event.department,
            event.published_on,
            event.source,
            event.demonstration,
            envelope.recorded_at,
        )
        for event, envelope in await _going_on(told, tx)
    ]
    if not rows:
        return
    await tx.execute(
        """INSERT INTO known_organisation AS known (organisation_id, version, status, slug, name, department,
               published_on, source, demonstration, recorded_at)
           SELECT DISTINCT ON (organisation_id) * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[],
               $5::text[], $6::text[], $7::date[], $8::text[], $9::boolean[], $10::timestamptz[])
               AS t (organisation_id, version, status, slug, name, department, published_on, source, demonstration,
                     recorded_at)
           ORDER BY organisation_id, version DESC
           ON CONFLICT (organisation_id) DO UPDATE SET version = excluded.version, status = excluded.status,
               slug = excluded.slug, name = excluded.name, department = excluded.department,
               published_on = excluded.published_on, source = excluded.source,
               recorded_at = excluded.recorded_at
           WHERE known.version < excluded.version""",
        *(list(column) for column in zip(*rows, strict=True)),
    )


know_organisation = InBatches(know_organisations)


async def know_watch_item(event: AbstractWatchItem, tx: Tx) -> None:
    """Keep the newest state of a news item or call."""
    if await _ended(event, tx):
        return
    await tx.execute(
        """INSERT INTO known_watch_item AS known (item_id, version, status, watch_class, title, url, deadline,
               departments, occurred_on, demonstration, recorded_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
           ON CONFLICT (item_id) DO UPDATE SET version = excluded.version, status = excluded.status,
               watch_class = excluded.watch_class, title = excluded.title, url = excluded.url,
               deadline = excluded.deadline, departments = excluded.departments, occurred_on = excluded.occurred_on,
               recorded_at = excluded.recorded_at
           WHERE known.version < excluded.version""",
        event.item_id,
        event.version,
        event.status,
        event.watch_class,
        event.title,
        event.url,
        event.deadline,
        event.departments,
        event.occurred_on,
        event.demonstration,
        _recorded_at(tx),
    )


async def know_group(event: GroupRecorded, tx: Tx) -> None:
    """Keep the newest name of a group."""
    if await _ended(event, tx):
        return
    await tx.execute(
        """INSERT INTO known_group AS known (slug, version, name, demonstration, recorded_at)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (slug) DO UPDATE SET version = excluded.version, name = excluded.name,
               recorded_at = excluded.recorded_at
           WHERE known.version < excluded.version""",
        event.slug,
        event.version,
        event.name,
        event.demonstration,
        _recorded_at(tx),
    )


async def forget_demonstration(event: DomainEvent, tx: Tx) -> None:
    """A service's fictional season is nobody's any more, even where its facts come late."""
    moment = _recorded_at(tx)
    await tx.execute("INSERT INTO demonstration_end (service, ended_at) VALUES ($1, $2)", event.service, moment)
    if event.service == "events":
        await tx.execute("DELETE FROM known_gathering WHERE demonstration AND recorded_at <= $1", moment)
        await tx.execute("DELETE FROM known_registration WHERE demonstration AND recorded_at <= $1", moment)
        return
    await tx.execute("DELETE FROM known_organisation WHERE demonstration AND recorded_at <= $1", moment)
    await tx.execute("DELETE FROM known_watch_item WHERE demonstration AND recorded_at <= $1", moment)
    await tx.execute("DELETE FROM known_group WHERE demonstration AND recorded_at <= $1", moment)


async def _going_on(told: Told, tx: Tx) -> Told:
    """Without the facts of a fictional season taken away after they were recorded."""
    return [one for one in told if not await _ended(one[0], tx, one[1].recorded_at)]


async def _ended(event: Fact, tx: Tx, recorded_at: datetime | None = None) -> bool:
    """Whether the fact is of a fictional season taken away after it was recorded."""
    if not event.demonstration:
        return False
    return bool(
        await tx.fetchval(
            "SELECT EXISTS (SELECT FROM demonstration_end WHERE service = $1 AND ended_at >= $2)",
            event.service,
            recorded_at or _recorded_at(tx),
        )
    )


def _recorded_at(tx: Tx) -> datetime:
    return tx.cause.recorded_at if tx.cause else now()
