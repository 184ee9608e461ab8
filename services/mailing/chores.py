"""What mailing does by the clock: send, and forget in time."""

from contextlib import suppress

from services.erasing import erasing
from services.mailing import commands
from services.mailing.commands.erasing import erase_reader
from services.mailing.domain import NothingNew
from services.mailing.measures import measure_queue
from services.mailing.sender import send
from shared.chores import Chore
from shared.clock import in_paris, now
from shared.contracts.mailing import MailingPersonErased
from shared.service import Service


async def forget_people(service: Service) -> None:
    """Addresses leave the queue, old requests, ended subscriptions and memberships after thirty days."""
    async with service.db.transaction() as tx:
        await tx.execute(
            """UPDATE outgoing SET recipient = NULL, words = NULL
               WHERE recipient IS NOT NULL AND ended_at < now() - interval '30 days'"""
        )
        await tx.execute(
            """DELETE FROM known_membership
               WHERE left_at < now() - interval '30 days' AND (named_at IS NULL OR named_at < left_at)"""
        )
        await tx.execute("DELETE FROM subscription_request WHERE asked_at < now() - interval '30 days'")
        await tx.execute(
            """UPDATE subscriber SET email = NULL
               WHERE status = 'unsubscribed' AND email IS NOT NULL AND ended_at < now() - interval '30 days'"""
        )


async def start_letters(service: Service) -> None:
    """Approved letters leave at their hour; those of which nothing is open are finished."""
    demonstrations = service.settings.smtp_is_mailbox
    for work in (lambda tx: commands.start_due(tx, demonstrations), commands.finish_done):
        found: object = True
        while found:
            async with service.db.transaction() as tx:
                found = await work(tx)


async def draft_of_the_month(service: Service) -> None:
    """From the first of each month, eight in the morning, the newsletter is drafted once, if there is anything new."""
    moment = in_paris(now())
    if moment.day == 1 and moment.hour < 8:
        return
    async with service.db.transaction() as tx:
        if await tx.fetchval(
            "SELECT EXISTS (SELECT FROM campaign WHERE kind = 'newsletter' AND created_at >= $1)",
            moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
        ):
            return
        with suppress(NothingNew):
            await commands.draft_newsletter(tx, "chore", service.settings.smtp_is_mailbox)


CHORES = (
    Chore("send", 1, send),
    Chore("start letters", 0.5, start_letters),
    Chore("draft of the month", 3600, draft_of_the_month),
    Chore("forget people", 3600, forget_people),
    Chore("measure the queue", 10, measure_queue),
    erasing(erase_reader, MailingPersonErased),
)
