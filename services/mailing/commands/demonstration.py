"""The fictional season goes away."""

from shared.clock import today
from shared.contracts.mailing import MailingDemonstrationRemoved
from shared.db import Tx


async def remove_demonstration(tx: Tx) -> None:
    """Take the fictional readers, items and letters away; what the team prepares stays, with real items alone.

    Facts are marked, so that others uncount. What told of a real item is never told again."""
    await tx.execute(
        """DELETE FROM campaign_item i WHERE NOT (
               item_kind = 'gathering' AND EXISTS (
                   SELECT FROM known_gathering WHERE gathering_id = i.item_id AND NOT demonstration)
               OR item_kind = 'watch' AND EXISTS (
                   SELECT FROM known_watch_item w WHERE w.item_id = i.item_id AND NOT demonstration)
               OR item_kind = 'organisation' AND EXISTS (
                   SELECT FROM known_organisation WHERE organisation_id = i.item_id AND NOT demonstration))"""
    )
    await tx.execute(
        """DELETE FROM told i WHERE NOT (
               item_kind = 'gathering' AND EXISTS (
                   SELECT FROM known_gathering WHERE gathering_id = i.item_id AND NOT demonstration)
               OR item_kind = 'watch' AND EXISTS (
                   SELECT FROM known_watch_item w WHERE w.item_id = i.item_id AND NOT demonstration)
               OR item_kind = 'organisation' AND EXISTS (
                   SELECT FROM known_organisation WHERE organisation_id = i.item_id AND NOT demonstration))"""
    )
    await tx.execute(
        """UPDATE campaign c SET demonstration = false WHERE demonstration AND status IN ('draft', 'approved')
           AND (editorial <> '' OR EXISTS (SELECT FROM campaign_item i WHERE i.campaign_id = c.id))"""
    )
    await tx.execute("DELETE FROM outgoing o USING campaign c WHERE c.id = o.campaign_id AND c.demonstration")
    await tx.execute("DELETE FROM outgoing WHERE subscriber_id IN (SELECT id FROM subscriber WHERE demonstration)")
    await tx.execute("DELETE FROM campaign WHERE demonstration")
    await tx.execute("DELETE FROM subscriber WHERE demonstration")
    tx.emit(MailingDemonstrationRemoved(occurred_on=today()))
