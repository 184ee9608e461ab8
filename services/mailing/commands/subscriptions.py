"""Subscribing in two steps, changing one's mind, leaving, coming back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.mailing.commands.queue import queue_mail
from services.mailing.domain import BETWEEN_REQUESTS, GROUP, REQUESTS_A_DAY, AddressForgotten, UnknownTopic, chosen
from services.mailing.forms import AskSubscription, ChooseLetters, RecordSubscriber
from services.mailing.links import Links
from services.mailing.queries.subscribers import (
    Subscriber,
    is_refused,
    is_suppressed,
    last_mails,
    request_of,
    subscriber_by_key,
    subscriber_of,
)
from shared.clock import new_id, now, today
from shared.contracts.mailing import (
    AbstractSubscription,
    SubscriptionChanged,
    SubscriptionConfirmed,
    SubscriptionEnded,
)
from shared.db import Tx
from shared.web.i18n import language, translate

CONFIRM = "mailing.confirm_subscription"
ALREADY = "mailing.known_subscriber"
WORDS = "Un clic confirme que vous voulez recevoir nos lettres à cette adresse."


async def ask_subscription(form: AskSubscription, tx: Tx, links: Links) -> None:
    """Keep the request and send one mail, the same work for an address known or not."""
    key = links.person_key(form.email)
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)
    topics = chosen(form.topics)
    await refuse_unknown_groups(tx, topics)
    known = await subscriber_by_key(tx, key)
    sent, last = await last_mails(tx, key)
    mailed = sent < REQUESTS_A_DAY and (last is None or last < now() - BETWEEN_REQUESTS)
    request_id = new_id()
    await tx.execute(
        """INSERT INTO subscription_request (id, person_key, email, lang, topics, department, words, mailed)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        request_id,
        key,
        form.email,
        language.get(),
        topics,
        form.department,
        translate(language.get(), WORDS),
        mailed,
    )
    if not mailed:
        return
    to = {"email": form.email, "person_key": key, "lang": language.get()}
    if known and known.status == "subscribed" and not await is_refused(tx, key):
        await queue_mail(tx, ALREADY, to, {"subscriber_id": str(known.id)})
    else:
        await queue_mail(tx, CONFIRM, to, {"request_id": str(request_id), "topics": topics})


async def refuse_unknown_groups(tx: Tx, topics: Sequence[str], allowed: Sequence[str] = ()) -> None:
    """A group's letter exists where the group does."""
    slugs = [one.removeprefix(GROUP) for one in topics if one.startswith(GROUP) and one not in allowed]
    known = await tx.fetchval("SELECT count(*) FROM known_group WHERE slug = ANY($1::text[])", slugs)
    if known < len(slugs):
        raise UnknownTopic()


async def confirm_subscription(request_id: UUID, tx: Tx) -> Subscriber:
    """The button was pressed: letters start, and the proof is kept. A repeat changes nothing."""
    asked = await request_of(tx, request_id)
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", asked.person_key)
    asked = await request_of(tx, request_id)
    if asked.confirmed_at:
        known = await subscriber_by_key(tx, asked.person_key)
        if known:
            return known
    await tx.execute("UPDATE subscription_request SET confirmed_at = now() WHERE id = $1", request_id)
    await trust_mailbox(tx, asked.person_key)
    person = RecordSubscriber(email=asked.email, topics=list(asked.topics), department=asked.department)
    return await start_topics(person, tx, asked.person_key, (request_id, asked.words), asked.lang)


async def trust_mailbox(tx: Tx, key: str) -> None:
    """A link of a mail was used: the mailbox that once refused exists, and whoever was erased has come back."""
    moment = tx.cause.recorded_at if tx.cause else now()
    await tx.execute(
        "DELETE FROM suppression WHERE person_key = $1 AND reason IN ('refused', 'erased') AND since <= $2", key, moment
    )


async def start_topics(
    form: RecordSubscriber, tx: Tx, key: str, proof: tuple[UUID, str], lang: str = "fr"
) -> Subscriber:
    """Start letters for somebody whose consent is proven by an event and the words they read."""
    topics = chosen(form.topics)
    before = await subscriber_by_key(tx, key)
    kept = [one for one in before.topics if one not in topics] if before and before.status == "subscribed" else []
    row = await tx.fetchrow(
        """INSERT INTO subscriber AS known
               (id, person_key, email, lang, status, topics, department, proof_event, proof_words, confirmed_at,
                demonstration)
           VALUES ($1, $2, $3, $4, 'subscribed', $5, $6, $7, $8, now(), $9)
           ON CONFLICT (person_key) DO UPDATE SET email = excluded.email, lang = excluded.lang, status = 'subscribed',
               topics = excluded.topics, department = coalesce(excluded.department, known.department),
               proof_event = excluded.proof_event, proof_words = excluded.proof_words,
               confirmed_at = excluded.confirmed_at, ended_at = NULL, version = known.version + 1
           RETURNING *""",
        new_id(),
        key,
        form.email,
        lang,
        sorted({*kept, *topics}),
        form.department,
        *proof,
        form.demonstration,
    )
    await tx.execute("DELETE FROM suppression WHERE person_key = $1 AND reason = 'left'", key)
    assert row is not None
    made = Subscriber.of(row)
    fact = SubscriptionChanged if before and before.status == "subscribed" else SubscriptionConfirmed
    tx.emit(subscription_fact(fact, made))
    return made


async def choose_letters(subscriber_id: UUID, form: ChooseLetters, tx: Tx) -> Subscriber:
    """Change topics or department; no topic left is leaving all."""
    before = await subscriber_of(tx, subscriber_id, lock=True)
    if not form.topics:
        return await leave_letters(subscriber_id, tx)
    if before.email is None:
        raise AddressForgotten()
    await refuse_unknown_groups(tx, form.topics, before.topics)
    if before.status == "subscribed" and (list(before.topics), before.department) == (
        sorted(form.topics),
        form.department,
    ):
        return before
    row = await tx.fetchrow(
        """UPDATE subscriber SET topics = $2, department = $3, version = version + 1, status = 'subscribed',
               ended_at = NULL WHERE id = $1 RETURNING *""",
        subscriber_id,
        sorted(form.topics),
        form.department,
    )
    await tx.execute("DELETE FROM suppression WHERE person_key = $1 AND reason = 'left'", before.person_key)
    assert row is not None
    changed = Subscriber.of(row)
    tx.emit(subscription_fact(SubscriptionChanged if before.status == "subscribed" else SubscriptionConfirmed, changed))
    return changed


async def leave_letters(subscriber_id: UUID, tx: Tx) -> Subscriber:
    """Leave every letter, at once: those that wait are not sent. A repeat changes nothing."""
    before = await subscriber_of(tx, subscriber_id, lock=True)
    if before.status == "unsubscribed":
        return before
    row = await tx.fetchrow(
        """UPDATE subscriber SET status = 'unsubscribed', version = version + 1, ended_at = now()
           WHERE id = $1 RETURNING *""",
        subscriber_id,
    )
    await tx.execute(
        "INSERT INTO suppression (person_key, reason) VALUES ($1, 'left') ON CONFLICT DO NOTHING", before.person_key
    )
    assert row is not None
    gone = Subscriber.of(row)
    tx.emit(subscription_fact(SubscriptionEnded, gone))
    return gone


async def end_topic(key: str, topic: str, tx: Tx) -> None:
    """One letter ends; whoever read nothing else is no subscriber any more."""
    before = await subscriber_by_key(tx, key)
    if before is None or before.status != "subscribed" or topic not in before.topics:
        return
    kept = [one for one in before.topics if one != topic]
    if not kept:
        await leave_letters(before.id, tx)
        return
    row = await tx.fetchrow(
        "UPDATE subscriber SET topics = $2, version = version + 1 WHERE id = $1 RETURNING *", before.id, kept
    )
    assert row is not None
    tx.emit(subscription_fact(SubscriptionChanged, Subscriber.of(row)))


async def return_to_letters(subscriber_id: UUID, tx: Tx) -> Subscriber:
    """Undo: the same letters as before."""
    before = await subscriber_of(tx, subscriber_id, lock=True)
    return await choose_letters(
        subscriber_id, ChooseLetters(topics=list(before.topics), department=before.department), tx
    )


async def record_subscriber(
    form: RecordSubscriber, tx: Tx, links: Links, confirmed_at: datetime | None = None
) -> UUID | None:
    """Take over a subscription confirmed elsewhere, or a fictional one; no mail leaves. None for whoever left."""
    key = links.person_key(form.email)
    known = await subscriber_by_key(tx, key)
    if known or await is_suppressed(tx, key):
        return known.id if known else None
    made = await start_topics(form, tx, key, (new_id(), form.proof))
    if confirmed_at:
        await tx.execute("UPDATE subscriber SET confirmed_at = $2 WHERE id = $1", made.id, confirmed_at)
    return made.id


def subscription_fact(shape: type[AbstractSubscription], one: Subscriber) -> AbstractSubscription:
    """A subscriber's public state, by a random id."""
    return shape(
        occurred_on=today(),
        demonstration=one.demonstration,
        subscriber_id=one.id,
        version=one.version,
        status="subscribed" if one.status == "subscribed" else "unsubscribed",
        topics=[] if one.status == "unsubscribed" else list(one.topics),
        department=one.department,
    )
