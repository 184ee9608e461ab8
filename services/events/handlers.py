"""What the events service does when another speaks: it learns the names of structures and groups."""

from datetime import datetime

from services.erasing import hear_erasure
from shared.card import Handler, InBatches, Told
from shared.clock import now
from shared.contracts import DomainEvent
from shared.contracts.registry import (
    ErasureRequested,
    GroupRecorded,
    OrganisationArchived,
    OrganisationPublished,
    OrganisationUpdated,
    RegistryDemonstrationRemoved,
)
from shared.db import Tx
from shared.reference import fold


async def know_organisations(told: Told, tx: Tx) -> None:
    """Keep the newest state of structures, for the registration form."""
    rows = [
        (
            event.organisation_id,
            event.version,
            event.status,
            event.name,
            fold(event.name),
            fold(event.acronym) if event.acronym else None,
            event.demonstration,
            envelope.recorded_at,
        )
        for event, envelope in told
        if not event.demonstration or not await _ended(tx, envelope.recorded_at)
    ]
    if not rows:
        return
    await tx.execute(
        """INSERT INTO known_organisation AS known
            (organisation_id, version, status, name, name_key, acronym_key, demonstration, recorded_at)
        SELECT DISTINCT ON (organisation_id) * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[],
            $6::text[], $7::boolean[], $8::timestamptz[])
            AS t (organisation_id, version, status, name, name_key, acronym_key, demonstration, recorded_at)
        ORDER BY organisation_id, version DESC
        ON CONFLICT (organisation_id) DO UPDATE SET version = excluded.version, status = excluded.status,
            name = excluded.name, name_key = excluded.name_key, acronym_key = excluded.acronym_key,
            recorded_at = excluded.recorded_at
        WHERE known.version < excluded.version""",
        *(list(column) for column in zip(*rows, strict=True)),
    )


know_organisation = InBatches(know_organisations)


async def know_group(event: GroupRecorded, tx: Tx) -> None:
    """Keep the newest name of a group."""
    if event.demonstration and await _ended(tx, _recorded_at(tx)):
        return
    await tx.execute(
        """INSERT INTO known_group AS known (slug, version, name, kind, countries, demonstration, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (slug) DO UPDATE SET version = excluded.version, name = excluded.name, kind = excluded.kind,
            countries = excluded.countries, recorded_at = excluded.recorded_at
        WHERE known.version < excluded.version""",
        event.slug,
        event.version,
        event.name,
        event.kind,
        event.countries,
        event.demonstration,
        _recorded_at(tx),
    )


async def forget_demonstration(_event: RegistryDemonstrationRemoved, tx: Tx) -> None:
    """The fictional structures and groups are nobody's any more, even those whose facts come late."""
    moment = _recorded_at(tx)
    await tx.execute("INSERT INTO registry_demonstration_end (ended_at) VALUES ($1)", moment)
    await tx.execute("DELETE FROM known_organisation WHERE demonstration AND recorded_at <= $1", moment)
    await tx.execute("DELETE FROM known_group WHERE demonstration AND recorded_at <= $1", moment)


async def _ended(tx: Tx, recorded_at: datetime) -> bool:
    """Whether the fictional season was taken away after a fact was recorded."""
    ended = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM registry_demonstration_end WHERE ended_at >= $1)", recorded_at
    )
    return bool(ended)


def _recorded_at(tx: Tx) -> datetime:
    return tx.cause.recorded_at if tx.cause else now()


HANDLERS: dict[type[DomainEvent], Handler] = {
    OrganisationPublished: know_organisation,
    OrganisationUpdated: know_organisation,
    OrganisationArchived: know_organisation,
    GroupRecorded: know_group,
    RegistryDemonstrationRemoved: forget_demonstration,
    ErasureRequested: hear_erasure,
}
