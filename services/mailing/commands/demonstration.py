"""The fictional season goes away."""

from shared.clock import today
from shared.contracts.mailing import MailingDemonstrationRemoved
from shared.db import Tx


async def remove_demonstration(tx: Tx) -> None:
    """Take the fictional subscribers away, with the letters that told of the season; facts marked so uncount."""
    await tx.execute("UPDATE campaign SET demonstration = false WHERE demonstration AND status = 'draft'")
    await tx.execute("DELETE FROM outgoing o USING campaign c WHERE c.id = o.campaign_id AND c.demonstration")
    await tx.execute("DELETE FROM outgoing WHERE subscriber_id IN (SELECT id FROM subscriber WHERE demonstration)")
    await tx.execute("DELETE FROM told t USING campaign c WHERE c.id = t.campaign_id AND c.demonstration")
    await tx.execute("DELETE FROM campaign WHERE demonstration")
    await tx.execute("DELETE FROM subscriber WHERE demonstration")
    tx.emit(MailingDemonstrationRemoved(occurred_on=today()))
