"""The letter of a group follows who is in it, in whatever order joining and leaving are told."""

from services.mailing.commands.subscriptions import end_topic, start_topics, trust_mailbox
from services.mailing.domain import GROUP
from services.mailing.forms import RecordSubscriber
from services.mailing.queries.subscribers import left_since
from shared.contracts.registry import GroupLeft, GroupMemberNamed
from shared.db import Tx
from shared.web.i18n import translate

GROUP_WORDS = "Un clic confirme que vous rejoignez ce groupe et que vous voulez recevoir ses lettres."


async def join_group(event: GroupMemberNamed, tx: Tx) -> None:
    """Somebody is in a group: its letter starts, unless they have left since."""
    assert tx.cause
    row = await tx.fetchrow(
        """INSERT INTO known_membership AS known (membership_id, person_key, topic, named_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (membership_id) DO UPDATE SET person_key = excluded.person_key, topic = excluded.topic,
               named_at = greatest(known.named_at, excluded.named_at)
           RETURNING left_at IS NULL OR left_at < $4 AS is_member""",
        event.membership_id,
        event.person_key,
        f"{GROUP}{event.group_slug}",
        tx.cause.recorded_at,
    )
    assert row
    if not row["is_member"] or await left_since(tx, event.person_key, tx.cause.recorded_at):
        return
    form = RecordSubscriber(email=event.email, topics=[f"{GROUP}{event.group_slug}"], demonstration=event.demonstration)
    await trust_mailbox(tx, event.person_key)
    proof = (tx.cause.event_id, translate(event.lang, GROUP_WORDS))
    await start_topics(form, tx, event.person_key, proof, event.lang)


async def leave_group(event: GroupLeft, tx: Tx) -> None:
    """Somebody left a group: its letter ends, unless they are in it by another name or came back since."""
    assert tx.cause
    row = await tx.fetchrow(
        """INSERT INTO known_membership AS known (membership_id, left_at) VALUES ($1, $2)
           ON CONFLICT (membership_id) DO UPDATE SET left_at = greatest(known.left_at, excluded.left_at)
           RETURNING person_key, topic""",
        event.membership_id,
        tx.cause.recorded_at,
    )
    assert row
    if row["person_key"] is None or await tx.fetchval(
        """SELECT EXISTS (SELECT FROM known_membership WHERE person_key = $1 AND topic = $2
               AND (left_at IS NULL OR left_at < named_at))""",
        row["person_key"],
        row["topic"],
    ):
        return
    await end_topic(row["person_key"], row["topic"], tx)
