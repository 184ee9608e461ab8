"""Organisations read in documents, archived, and the addresses they take."""

import hashlib
from datetime import timedelta
from itertools import islice
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
    AbstractOrganisation,
    OrganisationArchived,
    OrganisationPublished,
    OrganisationRecorded,
    OrganisationUpdated,
)
from shared.db import Row, Tx

Recorded = Literal["recorded", "corrected", "unchanged"]


async def record_organisations(forms: list[RecordOrganisation], tx: Tx) -> list[Recorded]:
    """Keep organisations as a document tells them, a word each; the same rows again change nothing.

    A few statements for them all. Raises OtherNumberListed, and then none is to be kept."""
    keys = [natural_key(form.name, form.source) for form in forms]
    first: dict[str, int] = {}
    for place, key in enumerate(keys):
        first.setdefault(key, place)
    words = await _record({key: forms[place] for key, place in first.items()}, tx)
    said = dict(zip(first.values(), words, strict=True))
    again = [place for place in range(len(forms)) if place not in said]
    if again:  # the same organisation twice: the later row corrects the earlier one
        later = await record_organisations([forms[place] for place in again], tx)
        said.update(zip(again, later, strict=True))
    return [said[place] for place in range(len(forms))]


async def _record(forms: dict[str, RecordOrganisation], tx: Tx) -> list[Recorded]:
    known = {
        row["natural_key"]: row
        for row in await tx.fetch(
            """SELECT natural_key, id, fingerprint FROM organisation WHERE natural_key = ANY($1)
               ORDER BY id FOR UPDATE""",
            list(forms),
        )
    }
    prints = {key: hashlib.sha256(form.model_dump_json().encode()).hexdigest() for key, form in forms.items()}
    new = [key for key in forms if key not in known]
    changed = [key for key, row in known.items() if row["fingerprint"] != prints[key]]
    told = {key: _columns(forms[key]) | {"natural_key": key, "fingerprint": prints[key]} for key in [*new, *changed]}
    try:
        rows = await _insert([told[key] for key in new], tx) if new else []
        if changed:
            rows += await _correct([told[key] | {"id": known[key]["id"]} for key in changed], tx)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name in ("organisation_rna", "organisation_siret"):
            raise OtherNumberListed() from None
        raise
    written = {row["natural_key"]: row for row in rows}
    words: list[Recorded] = []
    for key, form in forms.items():
        words.append("unchanged" if key not in told else "corrected" if key in known else "recorded")
        if key in told:
            tx.emit(organisation_fact(_fact(written[key], words[-1]), written[key], form.occurred_on))
    return words


def _fact(row: Row, word: Recorded) -> type[AbstractOrganisation]:
    if word == "corrected":
        return OrganisationUpdated
    return OrganisationPublished if row["status"] in LISTED else OrganisationRecorded


async def _insert(told: list[dict[str, Any]], tx: Tx) -> list[Row]:
    """An address that someone else took meanwhile is looked for again."""
    kept: list[Row] = []
    while told:
        slugs = await free_slugs(tx, [one["name"] for one in told])
        kept += await tx.fetch(
            """INSERT INTO organisation (id, slug, natural_key, fingerprint, status, name, acronym, college, kind,
                   commune_code, department, siren, siret, rna, website, description, themes, sdgs, countries,
                   within_region, published_on, source, source_lines, note, place)
               SELECT id, slug, natural_key, fingerprint, status, name, acronym, college, kind, commune_code,
                   department, siren, siret, rna, website, description, themes, sdgs, countries, within_region,
                   published_on, source, source_lines, note, place
               FROM jsonb_populate_recordset(NULL::organisation, $1)
               ON CONFLICT (slug) DO NOTHING RETURNING *""",
            [one | {"id": new_id(), "slug": slug} for one, slug in zip(told, slugs, strict=True)],
        )
        done = {row["natural_key"] for row in kept}
        told = [one for one in told if one["natural_key"] not in done]
    return kept


async def _correct(told: list[dict[str, Any]], tx: Tx) -> list[Row]:
    return await tx.fetch(
        """UPDATE organisation AS known SET version = known.version + 1, fingerprint = told.fingerprint,
               status = told.status, name = told.name, acronym = told.acronym, college = told.college,
               kind = told.kind, commune_code = told.commune_code, department = told.department, siren = told.siren,
               siret = told.siret, rna = told.rna, website = told.website, description = told.description,
               themes = told.themes, sdgs = told.sdgs, countries = told.countries,
               within_region = told.within_region, published_on = told.published_on, source = told.source,
               source_lines = told.source_lines, note = told.note, place = told.place
           FROM jsonb_populate_recordset(NULL::organisation, $1) AS told
           WHERE known.id = told.id RETURNING known.*""",
        told,
    )


def _columns(form: RecordOrganisation) -> dict[str, Any]:
    listed = form.status == "published"
    return form.model_dump(exclude={"occurred_on"}) | {
        "department": department_of(form.commune_code, form.department),
        "siren": form.siren or (form.siret[:9] if form.siret else None),
        "within_region": listed if form.within_region is None else form.within_region,
        "published_on": form.occurred_on if listed else None,
        "place": search_words(form.model_dump()),
    }


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
    return (await free_slugs(tx, [name]))[0]


async def free_slugs(tx: Tx, names: list[str]) -> list[str]:
    """An address for each name, that neither an organisation nor another of them has."""
    firsts = [next(slugs_of(name)) for name in names]
    taken = await _taken(tx, firsts)
    found = []
    for name, slug in zip(names, firsts, strict=True):
        found.append(await _next_slug(tx, name, taken) if slug in taken else slug)
        taken.add(found[-1])
    return found


async def _next_slug(tx: Tx, name: str, taken: set[str]) -> str:
    tried = slugs_of(name)
    while batch := list(islice(tried, 50)):
        taken = taken | await _taken(tx, batch)
        if free := next((slug for slug in batch if slug not in taken), None):
            return free
    return f"{next(slugs_of(name))[:40]}-{new_id()}"


async def _taken(tx: Tx, slugs: list[str]) -> set[str]:
    rows = await tx.fetch("SELECT slug FROM organisation WHERE slug = ANY($1)", slugs)
    return {row["slug"] for row in rows}


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
