"""What this service has learnt from the registry."""

from dataclasses import dataclass

from shared.db import Tx


@dataclass(frozen=True, slots=True)
class KnownGroup:
    """A country or thematic group."""

    slug: str
    name: str


async def known_groups(tx: Tx) -> list[KnownGroup]:
    """Every group, by name."""
    rows = await tx.fetch("SELECT slug, name FROM known_group ORDER BY lower(unaccent(name)), slug LIMIT 500")
    return [KnownGroup(row["slug"], row["name"]) for row in rows]


async def group_names(tx: Tx) -> dict[str, str]:
    """The name of every group by its slug."""
    return {group.slug: group.name for group in await known_groups(tx)}


async def is_known_group(tx: Tx, slug: str) -> bool:
    """Whether the registry has told this group."""
    return bool(await tx.fetchval("SELECT true FROM known_group WHERE slug = $1", slug))


async def organisation_names(tx: Tx, limit: int) -> list[str]:
    """The structures of the directory by name, or none where there are more than `limit`: a page is no directory."""
    rows = await tx.fetch(
        """SELECT name FROM known_organisation WHERE status IN ('published', 'to_refresh')
           ORDER BY name_key LIMIT $1""",
        limit + 1,
    )
    return [row["name"] for row in rows] if len(rows) <= limit else []
