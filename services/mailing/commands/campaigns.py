"""A letter is drafted, written, approved; nothing leaves that the team has not approved."""

from typing import Any
from uuid import UUID

from services.mailing.domain import NEWSLETTER, EmptyLetter, NoReader, NotADraft, NothingNew
from services.mailing.forms import ApproveCampaign, ChangeItem, DraftCampaign, WriteCampaign
from services.mailing.letters.issue import issue_of
from services.mailing.queries.campaigns import Campaign, campaign_of, newsletter_draft
from services.mailing.queries.items import items_of, untold
from services.mailing.queries.subscribers import count_readers
from shared.clock import new_id, now, today
from shared.contracts.mailing import CampaignApproved
from shared.db import Tx
from shared.errors import Invalid
from shared.log import correlation_id
from shared.web import format
from shared.web.i18n import _

MISSING = "Cette réponse est nécessaire."


async def draft_newsletter(tx: Tx, by: str, demonstrations: bool) -> Campaign:
    """The letter writes itself: what no letter has told. A draft already open takes in what is new."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('newsletter', 0))")
    draft = await newsletter_draft(tx)
    found = await untold(tx, demonstrations)
    if not found and draft is None:
        raise NothingNew()
    if draft is None:
        subject = _("La lettre, %(month)s", month=format.month(today()))
        draft = await _create(tx, "newsletter", subject, by, NEWSLETTER)
    await tx.executemany(
        """INSERT INTO campaign_item (campaign_id, item_kind, item_id, position) VALUES ($1, $2, $3,
               (SELECT coalesce(max(position), 0) + 1 FROM campaign_item WHERE campaign_id = $1))
           ON CONFLICT DO NOTHING""",
        [(draft.id, kind, item_id) for kind, item_id in found],
    )
    demonstration = any(one.demonstration for one in await items_of(tx, draft.id))
    await tx.execute("UPDATE campaign SET demonstration = $2 WHERE id = $1", draft.id, demonstration)
    return await campaign_of(tx, draft.id)


async def draft_targeted(form: DraftCampaign, tx: Tx, by: str) -> Campaign:
    """A letter of the team's own, to the readers of one topic."""
    missing = {name: MISSING for name in ("subject", "text", "topic") if getattr(form, name) is None}
    if missing:
        raise Invalid(missing)
    assert form.subject and form.text and form.topic
    made = await _create(tx, "targeted", form.subject, by, form.topic)
    await tx.execute(
        "UPDATE campaign SET editorial = $2, department = $3 WHERE id = $1", made.id, form.text, form.department
    )
    return await campaign_of(tx, made.id)


async def _create(tx: Tx, kind: str, subject: str, by: str, topic: str) -> Campaign:
    campaign_id = new_id()
    await tx.execute(
        """INSERT INTO campaign (id, kind, status, subject, topic, created_by)
           VALUES ($1, $2, 'draft', $3, $4, $5)""",
        campaign_id,
        kind,
        subject,
        topic,
        by,
    )
    return await campaign_of(tx, campaign_id)


async def _draft(tx: Tx, campaign_id: UUID) -> Campaign:
    campaign = await campaign_of(tx, campaign_id, lock=True)
    if campaign.status != "draft":
        raise NotADraft()
    return campaign


async def write_campaign(campaign_id: UUID, form: WriteCampaign, tx: Tx) -> Campaign:
    """Another subject, other words, other readers."""
    await _draft(tx, campaign_id)
    await tx.execute(
        """UPDATE campaign SET subject = $2, editorial = $3, department = $4, version = version + 1 WHERE id = $1""",
        campaign_id,
        form.subject,
        form.editorial or "",
        form.department,
    )
    return await campaign_of(tx, campaign_id)


async def change_item(campaign_id: UUID, form: ChangeItem, tx: Tx) -> None:
    """One item up, down, out or back; an item left out may come in a later letter."""
    await _draft(tx, campaign_id)
    if form.change in ("drop", "restore"):
        await tx.execute(
            "UPDATE campaign_item SET dropped = $4 WHERE campaign_id = $1 AND item_kind = $2 AND item_id = $3",
            campaign_id,
            form.item_kind,
            form.item_id,
            form.change == "drop",
        )
        return
    order = [(one.kind, one.id) for one in await items_of(tx, campaign_id)]
    peers = [one for one in order if one[0] == form.item_kind]
    place = next((index for index, one in enumerate(peers) if one[1] == form.item_id), None)
    other = None if place is None else place + (1 if form.change == "down" else -1)
    if place is None or other is None or not 0 <= other < len(peers):
        return
    first, second = order.index(peers[place]), order.index(peers[other])
    order[first], order[second] = order[second], order[first]
    await tx.executemany(
        "UPDATE campaign_item SET position = $4 WHERE campaign_id = $1 AND item_kind = $2 AND item_id = $3",
        [(campaign_id, kind, item_id, index) for index, (kind, item_id) in enumerate(order)],
    )


async def discard_campaign(campaign_id: UUID, tx: Tx) -> None:
    """Throw a draft away; what it told may come in the next one."""
    await _draft(tx, campaign_id)
    await tx.execute("DELETE FROM campaign WHERE id = $1", campaign_id)


async def approve_campaign(campaign_id: UUID, form: ApproveCampaign, tx: Tx, by: str, demonstrations: bool) -> Campaign:
    """Let it leave at its hour, or now; refused while it says nothing or reaches nobody."""
    campaign = await _draft(tx, campaign_id)
    issue = await issue_of(tx, campaign, demonstrations)
    if issue.is_empty:
        raise EmptyLetter()
    readers = await count_readers(tx, campaign.topic, campaign.department, demonstrations)
    if not readers:
        raise NoReader()
    await tx.execute(
        """UPDATE campaign SET status = 'approved', version = version + 1, send_at = $2, approved_by = $3,
               approved_at = now(), recipients = $4, demonstration = $5, correlation_id = $6 WHERE id = $1""",
        campaign_id,
        max(form.send_at or now(), now()),
        by,
        readers,
        issue.demonstration,
        correlation_id(),
    )
    approved = await campaign_of(tx, campaign_id)
    tx.emit(CampaignApproved(**campaign_fact(approved)))
    return approved


async def call_back(campaign_id: UUID, tx: Tx) -> Campaign:
    """An approved letter that has not left is a draft again."""
    campaign = await campaign_of(tx, campaign_id, lock=True)
    if campaign.status == "approved" and not (campaign.kind == "newsletter" and await newsletter_draft(tx)):
        await tx.execute(
            "UPDATE campaign SET status = 'draft', version = version + 1, send_at = NULL WHERE id = $1", campaign_id
        )
        return await campaign_of(tx, campaign_id)
    raise NotADraft()


def campaign_fact(one: Campaign) -> dict[str, Any]:
    """A campaign's public state."""
    return {
        "occurred_on": today(),
        "demonstration": one.demonstration,
        "campaign_id": one.id,
        "version": one.version,
        "kind": one.kind,
        "subject_line": one.subject,
        "recipients": one.recipients,
    }
