"""Who receives letters, and who asked to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from shared.db import Row, Tx
from shared.errors import LinkExpired


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody's choices."""

    id: UUID
    version: int
    status: str
    email: str | None
    lang: str
    topics: tuple[str, ...]
    department: str | None
    demonstration: bool
    person_key: str

    @classmethod
    def of(cls, row: Row) -> Self:
        names = ("id", "version", "status", "email", "lang", "department", "demonstration", "person_key")
        return cls(topics=tuple(row["topics"]), **{name: row[name] for name in names})


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """What somebody asked for and has to confirm."""

    id: UUID
    email: str
    person_key: str
    lang: str
    topics: tuple[str, ...]
    department: str | None
    words: str
    confirmed_at: datetime | None


async def subscriber_of(tx: Tx, subscriber_id: UUID, lock: bool = False) -> Subscriber:
    """One subscriber; LinkExpired where there is none any more."""
    if lock:
        row = await tx.fetchrow("SELECT * FROM subscriber WHERE id = $1 FOR UPDATE", subscriber_id)
    else:
        row = await tx.fetchrow("SELECT * FROM subscriber WHERE id = $1", subscriber_id)
    if row is None:
        raise LinkExpired()
    return Subscriber.of(row)


async def subscriber_by_key(tx: Tx, person_key: str) -> Subscriber | None:
    """Whoever reads this address, their row held."""
    row = await tx.fetchrow("SELECT * FROM subscriber WHERE person_key = $1 FOR UPDATE", person_key)
    return Subscriber.of(row) if row else None


async def left_since(tx: Tx, person_key: str, moment: datetime) -> bool:
    """Whether somebody left after that moment: a consent that is told late does not bring them back."""
    return bool(
        await tx.fetchval(
            "SELECT EXISTS (SELECT FROM subscriber WHERE person_key = $1 AND ended_at > $2)", person_key, moment
        )
    )


async def is_refused(tx: Tx, person_key: str) -> bool:
    """Whether the mailbox did not exist the last time a mail left for it."""
    return bool(
        await tx.fetchval(
            "SELECT EXISTS (SELECT FROM suppression WHERE person_key = $1 AND reason = 'refused')", person_key
        )
    )


async def is_suppressed(tx: Tx, person_key: str) -> bool:
    """Whether no letter goes to this address: they left, were erased, or their mailbox refuses."""
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM suppression WHERE person_key = $1)", person_key))


async def may_receive(tx: Tx, subscribers: list[UUID]) -> dict[UUID, Subscriber]:
    """Those to whom a letter may leave now; not who left, was deleted, or whose mailbox refuses."""
    rows = await tx.fetch(
        """SELECT * FROM subscriber s WHERE id = ANY($1::uuid[]) AND status = 'subscribed'
               AND NOT EXISTS (SELECT FROM suppression x WHERE x.person_key = s.person_key)""",
        subscribers,
    )
    return {row["id"]: Subscriber.of(row) for row in rows}


async def request_of(tx: Tx, request_id: UUID) -> SubscriptionRequest:
    """One request; LinkExpired where it was forgotten."""
    row = await tx.fetchrow("SELECT * FROM subscription_request WHERE id = $1", request_id)
    if row is None:
        raise LinkExpired()
    names = ("id", "email", "person_key", "lang", "department", "words", "confirmed_at")
    return SubscriptionRequest(topics=tuple(row["topics"]), **{name: row[name] for name in names})


async def last_mails(tx: Tx, person_key: str) -> tuple[int, datetime | None]:
    """How many mails this address was sent for its requests in a day, and when the last left."""
    row = await tx.fetchrow(
        """SELECT count(*) AS n, max(asked_at) AS last FROM subscription_request
           WHERE person_key = $1 AND mailed AND asked_at > now() - interval '1 day'""",
        person_key,
    )
    assert row is not None
    return row["n"], row["last"]


async def count_subscribers(tx: Tx) -> list[tuple[str, str | None, int]]:
    """How many read each letter, by topic and department."""
    rows = await tx.fetch(
        """SELECT topic, department, count(*) AS n FROM subscriber, unnest(topics) topic
           WHERE status = 'subscribed' GROUP BY topic, department ORDER BY topic, n DESC, department"""
    )
    return [(row["topic"], row["department"], row["n"]) for row in rows]


async def total_subscribers(tx: Tx) -> int:
    """How many people receive at least one letter."""
    return int(await tx.fetchval("SELECT count(*) FROM subscriber WHERE status = 'subscribed'"))


async def count_readers(tx: Tx, topic: str, department: str | None, demonstrations: bool) -> int:
    """How many a letter would reach."""
    return int(
        await tx.fetchval(
            """SELECT count(*) FROM subscriber s WHERE status = 'subscribed' AND topics @> ARRAY[$1::text]
               AND ($2::text IS NULL OR department = $2) AND ($3 OR NOT demonstration)
               AND NOT EXISTS (SELECT FROM suppression x WHERE x.person_key = s.person_key)""",
            topic,
            department,
            demonstrations,
        )
    )


async def known_groups(tx: Tx) -> list[tuple[str, str]]:
    """The groups that have a letter: slug and name."""
    rows = await tx.fetch("SELECT slug, name FROM known_group ORDER BY lower(unaccent(name))")
    return [(row["slug"], row["name"]) for row in rows]
