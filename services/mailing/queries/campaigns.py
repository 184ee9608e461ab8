"""The letters of the team: drafts, what leaves, what has left."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from services.mailing.domain import UnknownCampaign
from shared.db import Row, Tx


@dataclass(frozen=True, slots=True)
class Campaign:
    """One sending, without its content."""

    id: UUID
    version: int
    kind: str
    status: str
    subject: str
    editorial: str
    topic: str
    department: str | None
    send_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    recipients: int
    accepted: int
    demonstration: bool
    created_at: datetime
    correlation_id: UUID | None
    """The story of its approval, which its letters carry on."""

    @classmethod
    def of(cls, row: Row) -> Self:
        return cls(**{name: row[name] for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sending is."""

    queued: int
    sent: int
    failed: int
    skipped: int

    @property
    def total(self) -> int:
        return self.queued + self.sent + self.failed + self.skipped


async def campaign_of(tx: Tx, campaign_id: UUID, lock: bool = False) -> Campaign:
    """One campaign, or UnknownCampaign."""
    if lock:
        row = await tx.fetchrow("SELECT * FROM campaign WHERE id = $1 FOR UPDATE", campaign_id)
    else:
        row = await tx.fetchrow("SELECT * FROM campaign WHERE id = $1", campaign_id)
    if row is None:
        raise UnknownCampaign()
    return Campaign.of(row)


async def campaigns_page(tx: Tx, before: UUID | None, limit: int) -> list[Campaign]:
    """The latest first, one more than asked to know whether others follow."""
    rows = await tx.fetch(
        "SELECT * FROM campaign WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2", before, limit + 1
    )
    return [Campaign.of(row) for row in rows]


async def count_campaigns(tx: Tx) -> int:
    """How many letters there are, drafts included."""
    return int(await tx.fetchval("SELECT count(*) FROM campaign"))


async def newsletter_draft(tx: Tx) -> Campaign | None:
    """The one newsletter being prepared."""
    row = await tx.fetchrow("SELECT * FROM campaign WHERE kind = 'newsletter' AND status = 'draft' FOR UPDATE")
    return Campaign.of(row) if row else None


async def public_letters(tx: Tx) -> list[Campaign]:
    """The newsletters that have left, for the archive."""
    rows = await tx.fetch(
        """SELECT * FROM campaign WHERE kind = 'newsletter' AND started_at IS NOT NULL
           ORDER BY started_at DESC LIMIT 60"""
    )
    return [Campaign.of(row) for row in rows]


async def progress_of(tx: Tx, campaign_id: UUID) -> Progress:
    """Counts by state of a campaign's letters."""
    row = await tx.fetchrow(
        """SELECT count(*) FILTER (WHERE state IN ('queued', 'sending')) AS queued,
               count(*) FILTER (WHERE state = 'sent') AS sent, count(*) FILTER (WHERE state = 'failed') AS failed,
               count(*) FILTER (WHERE state = 'skipped') AS skipped
           FROM outgoing WHERE campaign_id = $1""",
        campaign_id,
    )
    assert row is not None
    return Progress(row["queued"], row["sent"], row["failed"], row["skipped"])


async def letters_page(tx: Tx, campaign_id: UUID, after: UUID | None, limit: int) -> list[Row]:
    """The letters of a campaign, one row a reader."""
    return await tx.fetch(
        """SELECT id, state, attempts, reason, perhaps_twice, ended_at FROM outgoing
           WHERE campaign_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3""",
        campaign_id,
        after,
        limit + 1,
    )
