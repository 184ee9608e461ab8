"""An approved letter leaves: its content is frozen, one row a reader is made; when none is open, it is finished."""

from uuid import UUID

from services.mailing.commands.campaigns import campaign_fact
from services.mailing.commands.queue import LETTER, queue_mail
from services.mailing.letters.issue import issue_of
from services.mailing.queries.campaigns import Campaign, campaign_of
from shared.clock import new_id
from shared.contracts.mailing import CampaignFinished
from shared.db import Tx
from shared.log import correlation_id, follow

LETTER_MAIL = "mailing.letter"
TEST_MAIL = "mailing.test"


async def start_due(tx: Tx, demonstrations: bool) -> Campaign | None:
    """Start one letter whose hour has come; None where there is none, or another process has it."""
    row = await tx.fetchrow(
        """SELECT id FROM campaign WHERE status = 'approved' AND send_at <= now()
               AND NOT EXISTS (SELECT FROM sending_pause)
           ORDER BY send_at LIMIT 1 FOR UPDATE SKIP LOCKED"""
    )
    if row is None:
        return None
    campaign = await campaign_of(tx, row["id"])
    if campaign.correlation_id:
        follow(campaign.correlation_id)
    issue = await issue_of(tx, campaign, demonstrations)
    await tx.execute(
        """INSERT INTO outgoing (id, campaign_id, subscriber_id, kind, priority, person_key, recipient, domain, lang,
               demonstration, correlation_id)
           SELECT gen_random_uuid(), $1, s.id, $2, $3, s.person_key, s.email, lower(split_part(s.email, '@', 2)),
               s.lang, $4 OR s.demonstration, $8
           FROM subscriber s WHERE status = 'subscribed' AND topics @> ARRAY[$5::text]
               AND ($6::text IS NULL OR department = $6) AND ($7 OR NOT demonstration)
               AND NOT EXISTS (SELECT FROM suppression x WHERE x.person_key = s.person_key)
           ON CONFLICT (campaign_id, subscriber_id) DO NOTHING""",
        campaign.id,
        LETTER_MAIL,
        LETTER,
        issue.demonstration,
        campaign.topic,
        campaign.department,
        demonstrations,
        campaign.correlation_id or correlation_id(),
    )
    await tx.executemany(
        "INSERT INTO told (item_kind, item_id, campaign_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [(one.kind, one.id, campaign.id) for one in issue.items],
    )
    await tx.execute(
        """UPDATE campaign SET status = 'sending', version = version + 1, started_at = now(), content = $2,
               demonstration = $3, recipients = (SELECT count(*) FROM outgoing WHERE campaign_id = $1) WHERE id = $1""",
        campaign.id,
        issue.as_json(),
        issue.demonstration,
    )
    return await campaign_of(tx, campaign.id)


async def finish_done(tx: Tx) -> Campaign | None:
    """End one letter of which nothing is open any more."""
    row = await tx.fetchrow(
        """SELECT id FROM campaign c WHERE status = 'sending' AND NOT EXISTS (
               SELECT FROM outgoing o WHERE o.campaign_id = c.id AND o.state IN ('queued', 'sending'))
           LIMIT 1 FOR UPDATE SKIP LOCKED"""
    )
    if row is None:
        return None
    await tx.execute(
        """UPDATE campaign SET status = 'sent', version = version + 1, finished_at = now(),
               accepted = (SELECT count(*) FROM outgoing WHERE campaign_id = $1 AND state = 'sent') WHERE id = $1""",
        row["id"],
    )
    done = await campaign_of(tx, row["id"])
    if done.correlation_id:
        follow(done.correlation_id)
    tx.emit(CampaignFinished(**campaign_fact(done), accepted=done.accepted))
    return done


async def send_test(campaign_id: UUID, to: dict[str, str], tx: Tx) -> None:
    """One copy to one address of the team, as a reader without a department sees it."""
    await campaign_of(tx, campaign_id)
    await queue_mail(tx, TEST_MAIL, to, {"campaign_id": str(campaign_id)}, new_id())
