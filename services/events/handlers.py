"""What the events service does when another speaks: it learns the names of structures and groups."""

from datetime import datetime

from services.erasing import hear_erasure
from shared.card import Handler
from shared.clock import now
from shared.contracts import DomainEvent
from shared.contracts.registry import (
    AbstractOrganisation,
    ErasureRequested,
    GroupRecorded,
    OrganisationArchived,
    OrganisationPublished,
    OrganisationUpdated,
    RegistryDemonstrationRemoved,
)
from shared.db import Tx
from shared.reference import fold


async def know_organisation(event: AbstractOrganisation, tx: Tx) -> None:
    """Keep the newest state of a structure, for the registration form."""
    if event.demonstration and await _ended(tx):
        return
    await tx.execute(
        """INSERT INTO known_organisation AS known
            (organisation_id, version, status, name, name_key, acronym_key, demonstration, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (organisation_id) DO UPDATE SET version = excluded.version, status = excluded.status,
            name = excluded.name, name_key = excluded.name_key, acronym_key = excluded.acronym_key,
            recorded_at = excluded.recorded_at
        WHERE known.version < excluded.version""",
        event.organisation_id,
        event.version,
        event.status,
        event.name,
        fold(event.name),
        fold(event.acronym) if event.acronym else None,
        event.demonstration,
        _recorded_at(tx),
    )


async def know_group(event: GroupRecorded, tx: Tx) -> None:
    """Keep the newest name of a group."""
    if event.demonstration and await _ended(tx):
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


async def _ended(tx: Tx) -> bool:
    """Whether the fictional season was taken away after the fact being handled was recorded."""
    ended = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM registry_demonstration_end WHERE ended_at >= $1)", _recorded_at(tx)
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
