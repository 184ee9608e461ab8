"""A structure asks to be listed, its contact confirms and answers."""

from typing import Any
from uuid import UUID

from services.registry.commands.history import note_step
from services.registry.commands.telling import contact_of, request_fact
from services.registry.domain import AlreadyListed, NothingAsked, UnknownRequest, department_of
from services.registry.forms import AnswerRequest, AskLink, RequestListing
from services.registry.links import Links
from services.registry.queries.doubles import doubles_of
from shared.clock import new_id, today
from shared.contracts.registry import (
    ListingContactConfirmed,
    ListingContactNamed,
    ListingRequested,
    ListingReviewStarted,
)
from shared.db import Row, Tx


async def request_listing(form: RequestListing, tx: Tx, links: Links) -> Row:
    """Keep the request and tell it; a likely double is flagged to the team. Raises AlreadyListed."""
    doubles = await doubles_of(tx, form)
    for field, slug in doubles.listed:
        raise AlreadyListed(field, links.profile(slug))
    row = await insert_request(form, tx, links, doubles.likely)
    tx.emit(request_fact(ListingRequested, row))
    tx.emit(ListingContactNamed(confirmation_url=links.confirm(row["id"]), **contact_of(row, links)))
    return row


async def insert_request(form: RequestListing, tx: Tx, links: Links, likely: list[UUID], **more: Any) -> Row:
    """The row of a request as it comes in."""
    row = await tx.fetchrow(
        """INSERT INTO listing_request (id, status, requested_on, name, acronym, college, kind, commune_code,
               department, siren, siret, rna, website, description, themes, sdgs, countries, needs, topics,
               contact_name, contact_role, contact_email, person_key, consent_listing, likely_double, demonstration,
               requested_at)
           VALUES ($1, 'requested', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
               $20, $21, $22, $23, $24, $25, coalesce($26, now()))
           RETURNING *""",
        new_id(),
        more.get("requested_on") or today(),
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
        form.needs,
        form.topics,
        form.contact_name,
        form.contact_role,
        form.contact_email,
        links.person_key(form.contact_email),
        form.consent_listing,
        likely,
        more.get("demonstration", False),
        more.get("requested_at"),
    )
    assert row is not None
    return row


async def confirm_contact(request_id: UUID, tx: Tx, links: Links) -> Row:
    """The contact's address is theirs: the letters they ticked start. A second time changes nothing."""
    row = await tx.fetchrow("SELECT * FROM listing_request WHERE id = $1 FOR UPDATE", request_id)
    if row is None or not row["contact_email"]:
        raise UnknownRequest()
    if row["confirmed_at"] is None:
        await tx.execute("UPDATE listing_request SET confirmed_at = now() WHERE id = $1", request_id)
        await note_step(tx, request_id, "confirmed")
        tx.emit(ListingContactConfirmed(topics=row["topics"], **contact_of(row, links)))
    return row


async def answer_request(request_id: UUID, form: AnswerRequest, tx: Tx) -> Row:
    """The contact answers what was asked: the request goes back under review. Raises NothingAsked."""
    row = await tx.fetchrow(
        """UPDATE listing_request SET status = 'in_review', version = version + 1, answer = $2
           WHERE id = $1 AND status = 'information_asked' AND contact_email <> '' RETURNING *""",
        request_id,
        form.answer,
    )
    if row is None:
        raise NothingAsked()
    await note_step(tx, request_id, "answered", form.answer)
    tx.emit(request_fact(ListingReviewStarted, row))
    return row


async def send_link_again(form: AskLink, tx: Tx, links: Links) -> None:
    """Send the links of the newest request of an address again, at most once a day; say nothing either way."""
    row = await tx.fetchrow(
        """UPDATE listing_request SET link_sent_at = now()
           WHERE id = (SELECT id FROM listing_request WHERE person_key = $1 AND NOT demonstration
                       ORDER BY id DESC LIMIT 1)
             AND (link_sent_at IS NULL OR link_sent_at < now() - interval '1 day')
           RETURNING *""",
        links.person_key(form.email),
    )
    if row is not None:
        tx.emit(ListingContactNamed(confirmation_url=links.confirm(row["id"]), **contact_of(row, links)))
