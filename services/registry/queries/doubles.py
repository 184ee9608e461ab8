"""Which structure of the directory may be the same: by number, by name."""

from shared.db import Row, Tx


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
