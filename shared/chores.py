"""What every service does by the clock: forget in time what it promised to forget."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.service import Service


@dataclass(frozen=True, slots=True)
class Chore:
    """Work done by the clock; it claims the rows it works on, since any number of processes do it at once."""

    name: str
    every_seconds: float
    run: "Callable[[Service], Awaitable[None]]"


async def forget_personal_events(service: "Service") -> None:
    """Personal events leave the journal after 30 days, as they leave their stream."""
    async with service.db.transaction() as tx:
        await tx.execute(
            """UPDATE journal SET body = NULL, person_key = NULL, subject = regexp_replace(subject, '[^.]+$', 'old')
               WHERE person_key IS NOT NULL AND body IS NOT NULL AND recorded_at < now() - interval '30 days'"""
        )


async def forget_answers(service: "Service") -> None:
    """A repeated form gets its first answer for 7 days."""
    async with service.db.transaction() as tx:
        await tx.execute("DELETE FROM answer WHERE created_at < now() - interval '7 days'")


async def learn_revocations(service: "Service") -> None:
    """Sessions and tokens revoked anywhere are refused here within two seconds."""
    async with service.db.reading() as tx:
        service.revoked |= {row["token_id"] for row in await tx.fetch("SELECT token_id FROM revocation")}


COMMON = (
    Chore("forget personal events", 3600, forget_personal_events),
    Chore("forget answers", 3600, forget_answers),
    Chore("learn revocations", 2, learn_revocations),
)
