"""What mailing does by the clock: send, and forget in time."""

from services.mailing.sender import send
from shared.chores import Chore
from shared.service import Service


async def forget_people(service: Service) -> None:
    """Addresses leave the queue, old requests and ended subscriptions after thirty days."""
    async with service.db.transaction() as tx:
        await tx.execute(
            """UPDATE outgoing SET recipient = NULL, words = NULL
               WHERE recipient IS NOT NULL AND ended_at < now() - interval '30 days'"""
        )
        await tx.execute("DELETE FROM subscription_request WHERE asked_at < now() - interval '30 days'")
        await tx.execute(
            """UPDATE subscriber SET email = NULL
               WHERE status = 'unsubscribed' AND email IS NOT NULL AND ended_at < now() - interval '30 days'"""
        )


CHORES = (
    Chore("send", 1, send),
    Chore("forget people", 3600, forget_people),
)
