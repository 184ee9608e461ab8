"""Groups and drafts, as pages and API show them."""

from uuid import UUID

from services.registry.domain import UnknownGroup
from shared.db import Row, Tx


async def groups(tx: Tx) -> list[Row]:
    """Every group with its number of members, by name."""
    return await tx.fetch(
        """SELECT network_group.*, count(membership.id) FILTER (WHERE membership.status = 'joined') AS members
           FROM network_group LEFT JOIN membership ON membership.group_id = network_group.id
           GROUP BY network_group.id ORDER BY folded(network_group.name)"""
    )


async def name_of_group(tx: Tx, group_id: UUID) -> str:
    """What a group is called, or UnknownGroup."""
    name: str | None = await tx.fetchval("SELECT name FROM network_group WHERE id = $1", group_id)
    if name is None:
        raise UnknownGroup()
    return name


async def group_of(tx: Tx, slug: str) -> Row:
    """A group with its number of members, or UnknownGroup."""
    row = await tx.fetchrow(
        """SELECT network_group.*,
               (SELECT count(*) FROM membership WHERE group_id = network_group.id AND status = 'joined') AS members
           FROM network_group WHERE slug = $1""",
        slug,
    )
    if row is None:
        raise UnknownGroup()
    return row


async def groups_of_countries(tx: Tx, countries: list[str]) -> list[Row]:
    """The groups of these countries, by name."""
    return await tx.fetch("SELECT slug, name FROM network_group WHERE countries && $1 ORDER BY folded(name)", countries)


async def group_of_membership(tx: Tx, membership_id: UUID) -> Row | None:
    """The group of a membership and its state."""
    return await tx.fetchrow(
        """SELECT network_group.*, membership.status AS membership_status
           FROM membership JOIN network_group ON network_group.id = membership.group_id WHERE membership.id = $1""",
        membership_id,
    )


async def draft_answers(tx: Tx, draft_id: str) -> dict[str, str | list[str]] | None:
    """What was typed so far in a draft, None where there is no such draft."""
    found: dict[str, str | list[str]] | None = await tx.fetchval("SELECT answers FROM draft WHERE id = $1", draft_id)
    return found
