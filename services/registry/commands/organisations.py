"""Organisations read in documents, archived, and the addresses they take."""

import hashlib
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg

from services.registry.commands.telling import organisation_fact
from services.registry.domain import (
    FRESH_DAYS,
    LISTED,
    OtherNumberListed,
    UnknownOrganisation,
    department_of,
    natural_key,
    search_words,
    slugs_of,
)
from services.registry.forms import RecordOrganisation
from shared.clock import new_id, today
from shared.contracts.registry import (
    OrganisationArchived,
    OrganisationPublished,
    OrganisationRecorded,
    OrganisationUpdated,
)
from shared.db import Row, Tx

Recorded = Literal["recorded", "corrected", "unchanged"]


async def record_organisation(form: RecordOrganisation, tx: Tx) -> Recorded:
    """Keep an organisation as a document tells it; the same row again changes nothing. Raises OtherNumberListed."""
    fingerprint = hashlib.sha256(form.model_dump_json().encode()).hexdigest()
    key = natural_key(form.name, form.source)
    known = await tx.fetchrow("SELECT id, fingerprint FROM organisation WHERE natural_key = $1 FOR UPDATE", key)
    if known is not None and known["fingerprint"] == fingerprint:
        return "unchanged"
    try:
        if known is None:
            row = await _insert(form, tx, key, fingerprint)
        else:
            row = await _correct(form, tx, known["id"], fingerprint)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name in ("organisation_rna", "organisation_siret"):
            raise OtherNumberListed() from None
        raise
    if known is not None:
        tx.emit(organisation_fact(OrganisationUpdated, row, form.occurred_on))
        return "corrected"
    shape = OrganisationPublished if row["status"] in LISTED else OrganisationRecorded
    tx.emit(organisation_fact(shape, row, form.occurred_on))
    return "recorded"


async def _insert(form: RecordOrganisation, tx: Tx, key: str, fingerprint: str) -> Row:
    row = None
    while row is None:
        row = await tx.fetchrow(
            """INSERT INTO organisation (id, slug, natural_key, fingerprint, status, name, acronym, college, kind,
                   commune_code, department, siren, siret, rna, website, description, themes, sdgs, countries,
                   within_region, published_on, source, source_lines, note, place)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                   $22, $23, $24, $25)
               ON CONFLICT (slug) DO NOTHING RETURNING *""",
            new_id(),
            await free_slug(tx, form.name),
            key,
            fingerprint,
            *_columns(form),
        )
    return row


async def _correct(form: RecordOrganisation, tx: Tx, organisation_id: UUID, fingerprint: str) -> Row:
    row = await tx.fetchrow(
        """UPDATE organisation SET version = version + 1, fingerprint = $2, status = $3, name = $4, acronym = $5,
               college = $6, kind = $7, commune_code = $8, department = $9, siren = $10, siret = $11, rna = $12,
               website = $13, description = $14, themes = $15, sdgs = $16, countries = $17, within_region = $18,
               published_on = $19, source = $20, source_lines = $21, note = $22, place = $23
           WHERE id = $1 RETURNING *""",
        organisation_id,
        fingerprint,
        *_columns(form),
    )
    assert row is not None
    return row


def _columns(form: RecordOrganisation) -> tuple[Any, ...]:
    listed = form.status == "published"
    return (
        form.status,
        form.name,
        form.acronym,
        form.college,
        form.kind,
        form.commune_code,
        department_of(form.commune_code, form.department),
        form.siren or (form.siret[:9] if form.siret else None),
        form.siret,
        form.rna,
        form.website,
        form.description,
        form.themes,
        form.sdgs,
        form.countries,
        listed if form.within_region is None else form.within_region,
        form.occurred_on if listed else None,
        form.source,
        form.source_lines,
        form.note,
        search_words(form.model_dump()),
    )


async def archive_organisation(organisation_id: UUID, tx: Tx) -> Row:
    """Take a sheet out of the directory; it stays known. A second time changes nothing."""
    row = await tx.fetchrow("SELECT * FROM organisation WHERE id = $1 FOR UPDATE", organisation_id)
    if row is None:
        raise UnknownOrganisation()
    if row["status"] == "archived":
        return row
    row = await tx.fetchrow(
        "UPDATE organisation SET status = 'archived', version = version + 1 WHERE id = $1 RETURNING *", organisation_id
    )
    assert row is not None
    tx.emit(organisation_fact(OrganisationArchived, row))
    return row


async def free_slug(tx: Tx, name: str) -> str:
    """The first address of a name that no organisation has."""
    tried = slugs_of(name)
    for start in range(0, len(tried), 50):
        batch = tried[start : start + 50]
        rows = await tx.fetch("SELECT slug FROM organisation WHERE slug = ANY($1)", batch)
        taken = {row["slug"] for row in rows}
        found = next((slug for slug in batch if slug not in taken), None)
        if found:
            return found
    return f"{tried[0][:40]}-{new_id()}"


async def mark_stale(tx: Tx) -> int:
    """Mark the sheets that nobody confirmed for a year; how many."""
    rows = await tx.fetch(
        """UPDATE organisation SET status = 'to_refresh', version = version + 1
           WHERE id IN (
               SELECT id FROM organisation WHERE status = 'published' AND confirmed_on <= $1
               ORDER BY confirmed_on LIMIT 200 FOR UPDATE SKIP LOCKED)
           RETURNING *""",
        today() - timedelta(days=FRESH_DAYS),
    )
    for row in rows:
        tx.emit(organisation_fact(OrganisationUpdated, row))
    return len(rows)
