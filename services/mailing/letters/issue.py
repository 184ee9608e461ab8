"""What one issue holds: items with their facts, from which each reader's letter is written."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from services.mailing.domain import UnknownCampaign
from services.mailing.queries.campaigns import Campaign, campaign_of
from services.mailing.queries.items import Item, items_of, told_elsewhere
from shared.db import Tx

NEAR_KINDS = ("gathering", "organisation")


@dataclass(frozen=True, slots=True)
class Issue:
    """A letter before it has a reader."""

    campaign_id: UUID
    kind: str
    subject: str
    editorial: str
    topic: str
    demonstration: bool
    items: tuple[Item, ...]

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing to anybody."""
        return not self.items and not self.editorial.strip()

    def near(self, department: str | None) -> list[Item]:
        """« Près de chez vous »: what happens and who is new there, among what this letter tells."""
        if self.kind != "newsletter" or not department:
            return []
        return [one for one in self.items if one.kind in NEAR_KINDS and department in one.departments]

    def as_json(self) -> dict[str, Any]:
        """As it is frozen in the campaign's row."""
        return asdict(self)

    @classmethod
    def of_json(cls, found: dict[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        items = tuple(_item(one) for one in found["items"])
        return cls(**(found | {"items": items, "campaign_id": UUID(found["campaign_id"])}))


def _item(found: dict[str, Any]) -> Item:
    starts_at, deadline = found["starts_at"], found["deadline"]
    return Item(
        **(
            found
            | {
                "id": UUID(found["id"]),
                "departments": tuple(found["departments"]),
                "starts_at": datetime.fromisoformat(starts_at) if starts_at else None,
                "ends_at": datetime.fromisoformat(found["ends_at"]) if found["ends_at"] else None,
                "deadline": date.fromisoformat(deadline) if deadline else None,
            }
        )
    )


async def issue_of(tx: Tx, campaign: Campaign, demonstrations: bool) -> Issue:
    """The issue as it would leave now: what was cancelled, filled, expired or told by another letter since is out."""
    told = await told_elsewhere(tx, campaign.id)
    kept = [
        one
        for one in await items_of(tx, campaign.id)
        if not one.dropped and one.is_current and (one.kind, one.id) not in told
    ]
    kept = [one for one in kept if demonstrations or not one.demonstration]
    return Issue(
        campaign.id,
        campaign.kind,
        campaign.subject,
        campaign.editorial,
        campaign.topic,
        campaign.demonstration or any(one.demonstration for one in kept),
        tuple(kept),
    )


async def frozen_issue(tx: Tx, campaign_id: UUID) -> Issue:
    """What a campaign that is leaving says."""
    found = await tx.fetchval("SELECT content FROM campaign WHERE id = $1", campaign_id)
    if found is None:
        raise UnknownCampaign()
    return Issue.of_json(found)


async def current_issue(tx: Tx, campaign_id: UUID, demonstrations: bool) -> Issue:
    """The frozen issue, or what it would be now."""
    campaign = await campaign_of(tx, campaign_id)
    return (
        await issue_of(tx, campaign, demonstrations) if not campaign.started_at else await frozen_issue(tx, campaign_id)
    )
