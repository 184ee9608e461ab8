"""Who else may be the same structure: by number, then by name and commune, then by the domain of an address."""

from dataclasses import dataclass
from uuid import UUID

from services.registry.forms import RequestListing
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


@dataclass(frozen=True, slots=True)
class Doubles:
    """`listed`: field and address of a published structure with the same number; `likely`: what looks the same."""

    listed: list[tuple[str, str]]
    likely: list[UUID]


async def doubles_of(tx: Tx, form: RequestListing) -> Doubles:
    """What a request may double, in one round trip. Each branch has one index to take, with statistics or without."""
    domain = form.contact_email.rpartition("@")[2].lower()
    rows = await tx.fetch(
        """SELECT id, slug, true AS same_rna, false AS same_siret FROM organisation
           WHERE status IN ('published', 'to_refresh') AND rna = $1
           UNION ALL
           SELECT id, slug, false, true FROM organisation WHERE status IN ('published', 'to_refresh') AND siret = $2
           UNION ALL
           SELECT id, NULL, false, false FROM organisation
           WHERE status IN ('published', 'to_refresh') AND sort_name = folded($3)
           UNION ALL
           SELECT id, NULL, false, false FROM listing_request
           WHERE status IN ('requested', 'in_review', 'information_asked') AND rna = $1
           UNION ALL
           SELECT id, NULL, false, false FROM listing_request
           WHERE status IN ('requested', 'in_review', 'information_asked') AND siret = $2
           UNION ALL
           SELECT id, NULL, false, false FROM listing_request
           WHERE status IN ('requested', 'in_review', 'information_asked') AND folded(name) = folded($3)
           UNION ALL
           SELECT id, NULL, false, false FROM listing_request
           WHERE status IN ('requested', 'in_review', 'information_asked')
             AND $4 AND split_part(contact_email, '@', 2) = $5 AND similarity(folded(name), folded($3)) > 0.5
           LIMIT 20""",
        form.rna,
        form.siret,
        form.name,
        domain not in COMMON_DOMAINS,
        domain,
    )
    listed = [
        ("rna" if row["same_rna"] else "siret", row["slug"]) for row in rows if row["same_rna"] or row["same_siret"]
    ]
    return Doubles(listed, list(dict.fromkeys(row["id"] for row in rows)))


async def sheet_with_number(tx: Tx, rna: str, siret: str) -> tuple[str, str] | None:
    """The field and the address of a listed structure that holds one of these numbers."""
    row = await tx.fetchrow(
        """SELECT slug, CASE WHEN rna = $1 THEN 'rna' ELSE 'siret' END AS field FROM organisation
           WHERE status IN ('published', 'to_refresh') AND (rna = $1 OR siret = $2) LIMIT 1""",
        rna,
        siret,
    )
    return (row["field"], row["slug"]) if row else None


async def look_alikes(tx: Tx, name: str, commune_code: str | None, siren: str | None) -> list[Row]:
    """Published structures that look like this one, the nearest first, to ask « est-ce vous ? » before sending."""
    return await tx.fetch(
        """SELECT id, slug, name, acronym, department, siren IS NOT NULL AND siren = $3 AS same_siren
           FROM organisation
           WHERE status IN ('published', 'to_refresh')
             AND (siren = $3 OR folded(acronym) = folded($1) OR folded(name) % folded($1))
           ORDER BY commune_code IS NOT DISTINCT FROM $2 DESC, similarity(folded(name), folded($1)) DESC LIMIT 5""",
        name,
        commune_code,
        siren,
    )
