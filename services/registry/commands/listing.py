"""A structure asks to be listed, its contact confirms and answers."""

from datetime import date, datetime, time
from uuid import UUID

from services.registry.commands.history import note_step
from services.registry.commands.telling import contact_of, request_fact
from services.registry.domain import AlreadyListed, NothingAsked, UnknownRequest, department_of
from services.registry.forms import AnswerRequest, AskLink, RequestListing
from services.registry.links import Links
from shared.clock import as_utc, new_id, today
from shared.contracts.registry import (
    ListingContactConfirmed,
    ListingContactNamed,
    ListingRequested,
    ListingReviewStarted,
)
from shared.db import Row, Tx

COMMON_DOMAINS = (
    "gmail.com",
    "orange.fr",
    "wanadoo.fr",
    "free.fr",
    "laposte.net",
    "hotmail.com",
    "hotmail.fr",
    "outlook.com",
    "outlook.fr",
    "yahoo.fr",
    "yahoo.com",
    "sfr.fr",
)
"""An address there says nothing of a structure."""

KEEP_REQUEST = """WITH alike AS MATERIALIZED (
    SELECT * FROM (
        SELECT id, slug, 'rna' AS same_number FROM organisation
        WHERE status IN ('published', 'to_refresh') AND rna = $9
        UNION ALL
        SELECT id, slug, 'siret' FROM organisation WHERE status IN ('published', 'to_refresh') AND siret = $8
        UNION ALL
        SELECT id, NULL, NULL FROM organisation
        WHERE status IN ('published', 'to_refresh') AND sort_name = folded($2)
        UNION ALL
        SELECT id, NULL, NULL FROM listing_request
        WHERE status IN ('requested', 'in_review', 'information_asked') AND rna = $9
        UNION ALL
        SELECT id, NULL, NULL FROM listing_request
        WHERE status IN ('requested', 'in_review', 'information_asked') AND siret = $8
        UNION ALL
        SELECT id, NULL, NULL FROM listing_request
        WHERE status IN ('requested', 'in_review', 'information_asked') AND folded(name) = folded($2)
        UNION ALL
        SELECT id, NULL, NULL FROM listing_request
        WHERE status IN ('requested', 'in_review', 'information_asked')
          AND $25 <> ALL($26) AND split_part(contact_email, '@', 2) = $25 AND similarity(folded(name), folded($2)) > 0.5
    ) AS found WHERE NOT $23 LIMIT 20
), kept AS (
    INSERT INTO listing_request (id, status, name, acronym, college, kind, commune_code, department, siret, rna, siren,
        website, description, themes, sdgs, countries, needs, topics, contact_name, contact_role, contact_email,
        person_key, consent_listing, demonstration, requested_on, likely_double, requested_at)
    SELECT $1, 'requested', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
        $22, $23, $24, ARRAY(SELECT DISTINCT id FROM alike), coalesce($27, now())
    WHERE NOT EXISTS (SELECT FROM alike WHERE same_number IS NOT NULL)
    RETURNING *
)
SELECT kept.*, listed.slug AS listed_slug, listed.same_number AS listed_number
FROM (VALUES (true)) AS asked LEFT JOIN kept ON true
LEFT JOIN (SELECT slug, same_number FROM alike WHERE same_number IS NOT NULL LIMIT 1) AS listed ON true"""
"""One statement: who else may be the same structure, by number, by name, by the domain of an address; then the request,
with those for the team to see. One row in every case: no `id` where a published structure has the same number.

Each branch has one index to take, with statistics or without. Nothing is looked for in the fictional season."""


def request_asked(
    form: RequestListing, links: Links, requested_on: date | None = None, demonstration: bool = False
) -> tuple[object, ...]:
    """The values of KEEP_REQUEST."""
    return (
        new_id(),
        form.name,
        form.acronym,
        form.college,
        form.kind,
        form.commune_code,
        department_of(form.commune_code, form.department),
        form.siret,
        form.rna,
        form.siren or (form.siret[:9] if form.siret else None),
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
        demonstration,
        requested_on or today(),
        form.contact_email.rpartition("@")[2].lower(),
        COMMON_DOMAINS,
        as_utc(datetime.combine(requested_on, time(12))) if requested_on else None,
    )


async def keep_fictional_request(form: RequestListing, tx: Tx, links: Links, requested_on: date) -> Row:
    """A request of the fictional season, on its day; nobody is told."""
    row = await tx.fetchrow(KEEP_REQUEST, *request_asked(form, links, requested_on, demonstration=True))
    assert row
    return row


def tell_request(row: Row, tx: Tx, links: Links) -> None:
    """Tell what KEEP_REQUEST kept; a likely double is flagged to the team. Raises AlreadyListed."""
    if row["id"] is None:
        raise AlreadyListed(row["listed_number"], links.profile(row["listed_slug"]))
    tx.emit(request_fact(ListingRequested, row))
    tx.emit(ListingContactNamed(confirmation_url=links.confirm(row["id"]), **contact_of(row, links)))


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
