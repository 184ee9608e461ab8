"""Listing requests, as the team and the contact see them."""

from uuid import UUID

from services.registry.domain import UnknownRequest
from shared.db import Row, Tx


async def request_of(tx: Tx, request_id: UUID) -> Row:
    """A request whole, or UnknownRequest."""
    row = await tx.fetchrow("SELECT * FROM listing_request WHERE id = $1", request_id)
    if row is None:
        raise UnknownRequest()
    return row


async def own_request(tx: Tx, request_id: UUID) -> Row:
    """The request of whoever holds its link; UnknownRequest, also once they were erased."""
    row = await request_of(tx, request_id)
    if not row["contact_email"]:
        raise UnknownRequest()
    return row


async def queue(tx: Tx, status: str, after: UUID | None, limit: int) -> list[Row]:
    """Requests of one state (all that wait where it is empty), oldest first, by keyset."""
    return await tx.fetch(
        """SELECT * FROM listing_request
           WHERE CASE WHEN $1 = '' THEN status IN ('requested', 'in_review', 'information_asked') ELSE status = $1 END
             AND ($2::uuid IS NULL
                  OR (requested_at, id) > (SELECT requested_at, id FROM listing_request AS last WHERE last.id = $2))
           ORDER BY requested_at, id LIMIT $3""",
        status,
        after,
        limit,
    )


async def queue_counts(tx: Tx) -> dict[str, int]:
    """How many requests are in each state."""
    rows = await tx.fetch("SELECT status, count(*) AS n FROM listing_request GROUP BY status")
    return {row["status"]: row["n"] for row in rows}


async def likely_doubles(tx: Tx, request: Row) -> list[Row]:
    """Organisations and requests that look like this one, with what they share."""
    return await tx.fetch(
        """SELECT id, slug, name, acronym, commune_code, department, status, rna, siret, siren, website,
                  'organisation' AS what
           FROM organisation
           WHERE id = ANY($1) OR rna = $2 OR siret = $3 OR siren = $4 OR folded(name) % folded($5)
              OR folded(acronym) = folded($6)
           UNION ALL
           SELECT id, NULL, name, acronym, commune_code, department, status, rna, siret, siren, website,
                  'listing_request'
           FROM listing_request
           WHERE id <> $7 AND status <> 'refused' AND status <> 'published'
             AND (id = ANY($1) OR rna = $2 OR siret = $3 OR folded(name) % folded($5))
           LIMIT 4""",
        request["likely_double"],
        request["rna"],
        request["siret"],
        request["siren"],
        request["name"],
        request["acronym"],
        request["id"],
    )


async def steps_of(tx: Tx, request_id: UUID) -> list[Row]:
    """What happened to a request, in order."""
    return await tx.fetch(
        "SELECT happened_on, step, words, by FROM listing_step WHERE request_id = $1 ORDER BY position", request_id
    )


async def organisation_slug(tx: Tx, organisation_id: UUID) -> str | None:
    """The address of a listed organisation, None once it is archived."""
    slug: str | None = await tx.fetchval(
        "SELECT slug FROM organisation WHERE id = $1 AND status IN ('published', 'to_refresh')", organisation_id
    )
    return slug
