"""What a letter may tell: coming gatherings with places left, news and calls in time, newly listed structures."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from uuid import UUID

from shared.clock import today
from shared.db import Row, Tx


@dataclass(frozen=True, slots=True)
class Item:
    """One thing told, with its facts; words come when a reader is known."""

    kind: str
    id: UUID
    title: str
    path: str
    """A page of ours (`/agenda/…`), or a full address."""
    departments: tuple[str, ...]
    demonstration: bool
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    by_hour: bool = False
    place: str | None = None
    mode: str | None = None
    capacity: int | None = None
    left: int | None = None
    training: bool = False
    watch_class: str | None = None
    deadline: date | None = None
    dropped: bool = False
    is_current: bool = True
    """False: cancelled, full, over or withdrawn since the draft; it will not leave."""

    @classmethod
    def of_gathering(cls, row: Row) -> Self:
        taken: int = row["taken"]
        return cls(
            "gathering",
            row["gathering_id"],
            row["title"],
            f"/agenda/{row['slug']}",
            (row["department"],) if row["department"] else (),
            row["demonstration"],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            by_hour=row["by_hour"],
            place=row["place"],
            mode=row["mode"],
            capacity=row["capacity"],
            left=None if row["capacity"] is None else max(0, row["capacity"] - taken),
            training=row["kind"] in ("training", "webinar"),
            dropped=row["dropped"],
            is_current=row["is_current"],
        )

    @classmethod
    def of_watch(cls, row: Row) -> Self:
        return cls(
            "watch",
            row["item_id"],
            row["title"],
            row["url"],
            tuple(row["departments"]),
            row["demonstration"],
            watch_class=row["watch_class"],
            deadline=row["deadline"],
            dropped=row["dropped"],
            is_current=row["is_current"],
        )

    @classmethod
    def of_organisation(cls, row: Row) -> Self:
        return cls(
            "organisation",
            row["organisation_id"],
            row["name"],
            f"/annuaire/{row['slug']}",
            (row["department"],) if row["department"] else (),
            row["demonstration"],
            dropped=row["dropped"],
            is_current=row["is_current"],
        )


async def coming_gatherings(tx: Tx, demonstrations: bool) -> list[Item]:
    """Everything that comes and has places left, the nearest first; what was read in a document never."""
    rows = await tx.fetch(
        """SELECT g.*, taken, false AS dropped, true AS is_current FROM known_gathering g, LATERAL (
               SELECT count(*) AS taken FROM known_registration r
               WHERE r.gathering_id = g.gathering_id AND r.status = 'confirmed') counted
           WHERE g.status = 'published' AND g.source IS NULL AND g.starts_at > now() AND ($1 OR NOT g.demonstration)
               AND (g.capacity IS NULL OR g.capacity > taken)
           ORDER BY g.starts_at, g.gathering_id LIMIT 100""",
        demonstrations,
    )
    return [Item.of_gathering(row) for row in rows]


async def untold(tx: Tx, demonstrations: bool) -> list[tuple[str, UUID]]:
    """What no letter has told yet, in the order a letter tells it; a draft that holds it counts as not told."""
    gatherings = [("gathering", one.id) for one in await coming_gatherings(tx, demonstrations)]
    watched = await tx.fetch(
        """SELECT item_id FROM known_watch_item
           WHERE status = 'published' AND watch_class IN ('news', 'funding', 'jobs', 'events', 'actors')
               AND (deadline >= $1 OR deadline IS NULL AND occurred_on > $1 - 60) AND ($2 OR NOT demonstration)
           ORDER BY deadline NULLS LAST, occurred_on DESC, item_id LIMIT 40""",
        today(),
        demonstrations,
    )
    listed = await tx.fetch(
        """SELECT organisation_id FROM known_organisation
           WHERE status = 'published' AND source IS NULL AND published_on IS NOT NULL AND ($1 OR NOT demonstration)
           ORDER BY published_on DESC, lower(unaccent(name)), organisation_id LIMIT 60""",
        demonstrations,
    )
    found = [*gatherings, *(("watch", row["item_id"]) for row in watched)]
    found += [("organisation", row["organisation_id"]) for row in listed]
    told = {
        (row["item_kind"], row["item_id"])
        for row in await tx.fetch(
            "SELECT item_kind, item_id FROM told WHERE item_id = ANY($1::uuid[])", [one for _kind, one in found]
        )
    }
    return [one for one in found if one not in told]


async def told_elsewhere(tx: Tx, campaign_id: UUID) -> set[tuple[str, UUID]]:
    """What this draft holds and another letter has told since."""
    rows = await tx.fetch(
        """SELECT item_kind, item_id FROM campaign_item i JOIN told t USING (item_kind, item_id)
           WHERE i.campaign_id = $1 AND t.campaign_id <> $1""",
        campaign_id,
    )
    return {(row["item_kind"], row["item_id"]) for row in rows}


async def items_of(tx: Tx, campaign_id: UUID) -> list[Item]:
    """What a draft holds, in its order, dropped ones too; what was taken back altogether is out."""
    gatherings = await tx.fetch(
        """SELECT i.position, i.dropped, g.*, taken, g.status = 'published' AND g.starts_at > now()
               AND (g.capacity IS NULL OR g.capacity > taken) AS is_current
           FROM campaign_item i JOIN known_gathering g ON i.item_kind = 'gathering' AND g.gathering_id = i.item_id,
           LATERAL (SELECT count(*) AS taken FROM known_registration r
               WHERE r.gathering_id = g.gathering_id AND r.status = 'confirmed') counted
           WHERE i.campaign_id = $1""",
        campaign_id,
    )
    watched = await tx.fetch(
        """SELECT i.position, i.dropped, w.*,
               w.status = 'published' AND (deadline IS NULL OR deadline >= $2) AS is_current
           FROM campaign_item i JOIN known_watch_item w ON i.item_kind = 'watch' AND w.item_id = i.item_id
           WHERE i.campaign_id = $1""",
        campaign_id,
        today(),
    )
    listed = await tx.fetch(
        """SELECT i.position, i.dropped, o.*, o.status = 'published' AS is_current
           FROM campaign_item i
           JOIN known_organisation o ON i.item_kind = 'organisation' AND o.organisation_id = i.item_id
           WHERE i.campaign_id = $1""",
        campaign_id,
    )
    placed = [(row["position"], Item.of_gathering(row)) for row in gatherings]
    placed += [(row["position"], Item.of_watch(row)) for row in watched]
    placed += [(row["position"], Item.of_organisation(row)) for row in listed]
    return [item for _position, item in sorted(placed, key=lambda one: (one[0], str(one[1].id)))]
