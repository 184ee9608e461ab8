"""What the registry does by the clock."""

from services.erasing import erasing
from services.registry.commands.erasing import erase_contact
from services.registry.commands.organisations import mark_stale
from shared.chores import Chore
from shared.contracts.registry import RegistryPersonErased
from shared.service import Service


async def forget_drafts(service: Service) -> None:
    """What was typed and never sent is kept 30 days."""
    async with service.db.transaction() as tx:
        await tx.execute("DELETE FROM draft WHERE saved_at < now() - interval '30 days'")
        await tx.execute("DELETE FROM used_link WHERE used_at < now() - interval '30 days'")
        await tx.execute("DELETE FROM signed_in WHERE since < now() - interval '1 day'")


async def ask_to_refresh(service: Service) -> None:
    """A sheet that nobody confirmed for a year is to be refreshed."""
    async with service.db.transaction() as tx:
        await mark_stale(tx)


CHORES = (
    Chore("forget drafts", 3600, forget_drafts),
    Chore("ask to refresh", 900, ask_to_refresh),
    erasing(erase_contact, RegistryPersonErased),
)
