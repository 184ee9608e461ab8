"""The rows of the limit: the same tables, the same columns, journal bodies of the product's own length."""

import hashlib
import hmac
from datetime import UTC, datetime
from uuid import UUID

from services.events.forms import RegisterPerson
from services.registry.forms import RequestListing
from shared.clock import new_id
from shared.contracts import FACTS, PEOPLE

__all__ = ["RegisterPerson", "RequestListing"]

KEY = b"limit"
BODIES = {
    "events": ('{"registration":"' + "f" * 260 + '"}', '{"registrant":"' + "p" * 1_875 + '"}'),
    "registry": ('{"request":"' + "f" * 300 + '"}', '{"contact":"' + "p" * 700 + '"}'),
}
"""One FACTS and one PEOPLE body, as long as the product's."""

REGISTRATION = """
WITH taken AS (
    UPDATE gathering SET confirmed_count = confirmed_count + 1
    WHERE id = $1 AND status = 'published' AND ends_at > now() AND confirmed_count < coalesce(capacity, 2147483647)
    RETURNING id
), someone AS (
    INSERT INTO person (id, person_key, name_key, name, email)
    SELECT $2::uuid, $3::text, $4::text, $5::text, $6::text FROM taken
    ON CONFLICT (person_key, name_key) DO UPDATE SET name = excluded.name RETURNING id
), registered AS (
    INSERT INTO registration (id, gathering_id, person_id, status, organisation, department)
    SELECT $7::uuid, $1, someone.id, 'confirmed', $8::text, $9::text FROM someone
), told AS (
    INSERT INTO journal (event_id, stream, contract, subject, person_key, correlation_id, body, recorded_at)
    SELECT * FROM unnest($10::uuid[], $11::text[], $12::text[], $12::text[], $13::text[], $10::uuid[], $14::text[],
        $15::timestamptz[])
), kept AS (
    INSERT INTO answer (scope, status, body) SELECT $16::bytea, 303, '{}' WHERE $16::bytea IS NOT NULL
)
SELECT true FROM taken"""

LISTING_REQUEST = """
WITH asked AS (
    INSERT INTO listing_request (id, status, requested_on, name, college, kind, department, website, description,
        themes, sdgs, countries, needs, topics, contact_name, contact_role, contact_email, person_key, consent_listing)
    VALUES ($1, 'requested', current_date, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
    RETURNING id
), told AS (
    INSERT INTO journal (event_id, stream, contract, subject, person_key, correlation_id, body, recorded_at)
    SELECT * FROM unnest($18::uuid[], $19::text[], $20::text[], $20::text[], $21::text[], $18::uuid[], $22::text[],
        $23::timestamptz[])
), kept AS (
    INSERT INTO answer (scope, status, body) SELECT $24::bytea, 201, '{}' WHERE $24::bytea IS NOT NULL
)
SELECT id FROM asked"""


def registration_values(form: RegisterPerson) -> list[object]:
    """The person and the registration."""
    key = "p1" + hmac.new(KEY, form.email.casefold().encode(), hashlib.sha256).hexdigest()
    return [new_id(), key, form.name.casefold(), form.name, form.email, new_id(), form.organisation, form.department]


def listing_values(form: RequestListing) -> list[object]:
    """The request and its contact."""
    key = "p1" + hmac.new(KEY, form.contact_email.casefold().encode(), hashlib.sha256).hexdigest()
    return [
        new_id(),
        form.name,
        form.college,
        form.kind,
        form.department,
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
        key,
        form.consent_listing,
    ]


def journal_values(service: str) -> list[list[UUID] | list[str] | list[str | None] | list[datetime]]:
    """Two rows, one a stream."""
    fact, personal = BODIES[service]
    moment = datetime.now(UTC)
    key = "p1" + "0" * 64
    return [
        [new_id(), new_id()],
        [FACTS, PEOPLE],
        [f"{service}.some_fact_told.v1", f"{service}.somebody_named.v1"],
        [None, key],
        [fact, personal],
        [moment, moment],
    ]


def answer_values(body: bytes, kept: bool) -> list[bytes | None]:
    """The scope under which an answer is kept for a repeat; None where the product keeps none."""
    return [hashlib.sha256(body).digest() if kept else None]
