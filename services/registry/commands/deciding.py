"""What the team answers to a request: taken in review, asked for more, refused, published."""

from typing import Any
from uuid import UUID

import asyncpg

from services.registry.commands.history import note_step
from services.registry.commands.organisations import free_slug
from services.registry.commands.telling import contact_of, organisation_fact, request_fact
from services.registry.domain import (
    LISTED,
    WAITING,
    ContactErased,
    NotWaiting,
    OtherNumberListed,
    UnknownOrganisation,
    UnknownRequest,
    search_words,
)
from services.registry.forms import AskInformation, PublishRequest, RefuseRequest
from services.registry.links import Links
from shared.clock import new_id, today
from shared.contracts.registry import (
    ListingAccepted,
    ListingDecisionTold,
    ListingInformationAsked,
    ListingRefused,
    ListingReviewStarted,
    OrganisationPublished,
    OrganisationUpdated,
)
from shared.db import Row, Tx


async def take_in_review(request_id: UUID, tx: Tx, by: str) -> Row:
    """The team opened the request; a second time changes nothing."""
    row = await _waiting(request_id, tx)
    if row["status"] != "requested":
        return row
    row = await _move(tx, request_id, "in_review", None, by)
    tx.emit(request_fact(ListingReviewStarted, row))
    return row


async def ask_information(request_id: UUID, form: AskInformation, tx: Tx, by: str, links: Links) -> Row:
    """Ask the contact for more. Raises NotWaiting, ContactErased."""
    if not (await _waiting(request_id, tx))["contact_email"]:
        raise ContactErased()
    row = await _move(tx, request_id, "information_asked", form.message, by)
    tx.emit(request_fact(ListingInformationAsked, row))
    _tell_contact(tx, row, links, decision="information_asked", reason=form.message)
    return row


async def refuse_request(request_id: UUID, form: RefuseRequest, tx: Tx, by: str, links: Links) -> Row:
    """Refuse, for a reason that the contact reads. Raises NotWaiting."""
    await _waiting(request_id, tx)
    row = await _move(tx, request_id, "refused", form.reason, by)
    tx.emit(request_fact(ListingRefused, row))
    _tell_contact(tx, row, links, decision="refused", reason=form.reason)
    return row


async def publish_request(
    request_id: UUID, form: PublishRequest, tx: Tx, by: str, links: Links, **days: Any
) -> tuple[Row, Row]:
    """Put the structure in the directory; the request and its organisation. Raises NotWaiting, OtherNumberListed.

    `days` (published_on, confirmed_on) are the fictional season's; for a real request they are today.
    """
    request = await _waiting(request_id, tx)
    published_on = days.get("published_on") or today()
    confirmed_on = days.get("confirmed_on") or published_on
    try:
        if form.organisation_id is None:
            known, organisation = None, await _create(tx, request, form, published_on, confirmed_on)
        else:
            known, organisation = await _update(tx, request, form)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name in ("organisation_rna", "organisation_siret"):
            raise OtherNumberListed() from None
        raise
    row = await tx.fetchrow(
        """UPDATE listing_request SET status = 'published', version = version + 1, organisation_id = $2,
               decided_at = now(), decided_by = $3, message = NULL
           WHERE id = $1 RETURNING *""",
        request_id,
        organisation["id"],
        by,
    )
    assert row is not None
    await note_step(tx, request_id, "published", by=by, on=published_on)
    entered = OrganisationUpdated if known in LISTED else OrganisationPublished
    tx.emit(organisation_fact(entered, organisation, published_on))
    tx.emit(request_fact(ListingAccepted, row, published_on))
    profile = links.profile(organisation["slug"])
    _tell_contact(tx, row, links, decision="published", profile_url=profile)
    return row, organisation


def _tell_contact(tx: Tx, row: Row, links: Links, **said: Any) -> None:
    """The contact is told, unless they were erased: then nobody is."""
    if row["contact_email"]:
        tx.emit(ListingDecisionTold(**said, **contact_of(row, links)))


async def _waiting(request_id: UUID, tx: Tx) -> Row:
    row = await tx.fetchrow("SELECT * FROM listing_request WHERE id = $1 FOR UPDATE", request_id)
    if row is None:
        raise UnknownRequest()
    if row["status"] not in WAITING:
        raise NotWaiting()
    return row


async def _move(tx: Tx, request_id: UUID, status: str, message: str | None, by: str) -> Row:
    row = await tx.fetchrow(
        """UPDATE listing_request SET status = $2, version = version + 1, message = $3, decided_at = now(),
               decided_by = $4
           WHERE id = $1 RETURNING *""",
        request_id,
        status,
        message,
        by,
    )
    assert row is not None
    await note_step(tx, request_id, status, message, by)
    return row


async def _create(tx: Tx, request: Row, form: PublishRequest, published_on: Any, confirmed_on: Any) -> Row:
    row = None
    while row is None:
        row = await tx.fetchrow(
            """INSERT INTO organisation (id, status, slug, published_on, confirmed_on, name, acronym, college, kind,
                   commune_code, department, siren, siret, rna, website, description, themes, sdgs, countries, needs,
                   place, demonstration)
               SELECT $2, 'published', $3, $4, $5, name, acronym, coalesce($6, college), kind, commune_code, department,
                   siren, siret, rna, website, description, themes, sdgs, countries, needs, $7, demonstration
               FROM listing_request WHERE id = $1
               ON CONFLICT (slug) DO NOTHING RETURNING *""",
            request["id"],
            new_id(),
            await free_slug(tx, request["name"]),
            published_on,
            confirmed_on,
            form.college,
            search_words(dict(request)),
        )
    return row


async def _update(tx: Tx, request: Row, form: PublishRequest) -> tuple[str, Row]:
    """The status it had, and the sheet as the request tells it."""
    status = await tx.fetchval("SELECT status FROM organisation WHERE id = $1 FOR UPDATE", form.organisation_id)
    row = await tx.fetchrow(
        """UPDATE organisation SET version = organisation.version + 1, status = 'published', within_region = true,
               published_on = coalesce(organisation.published_on, $4), confirmed_on = $4, name = asked.name,
               acronym = coalesce(asked.acronym, organisation.acronym), college = coalesce($3, asked.college),
               kind = coalesce(asked.kind, organisation.kind),
               commune_code = coalesce(asked.commune_code, organisation.commune_code),
               department = coalesce(asked.department, organisation.department),
               siren = coalesce(asked.siren, organisation.siren), siret = coalesce(asked.siret, organisation.siret),
               rna = coalesce(asked.rna, organisation.rna), website = coalesce(asked.website, organisation.website),
               description = asked.description, themes = asked.themes, sdgs = asked.sdgs,
               countries = asked.countries, needs = asked.needs, place = coalesce($5, organisation.place)
           FROM listing_request AS asked WHERE organisation.id = $2 AND asked.id = $1 RETURNING organisation.*""",
        request["id"],
        form.organisation_id,
        form.college,
        today(),
        search_words(dict(request)),
    )
    if row is None:
        raise UnknownOrganisation()
    return status, row
