"""Country and thematic groups: recorded, joined, left."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from services.registry.domain import UnknownGroup
from services.registry.forms import JoinGroup, RecordGroup
from services.registry.links import Links
from services.registry.queries.people import times_told
from shared.clock import new_id, today
from shared.contracts.registry import GroupJoinAsked, GroupJoined, GroupLeft, GroupMemberNamed, GroupRecorded
from shared.db import Row, Tx
from shared.errors import LinkExpired

MAILS_A_DAY = 3
"""To one address: whoever types another's address cannot flood it."""


async def record_group(form: RecordGroup, tx: Tx) -> Literal["recorded", "corrected", "unchanged"]:
    """Keep a group by its address; the same again changes nothing."""
    known = await tx.fetchrow("SELECT * FROM network_group WHERE slug = $1 FOR UPDATE", form.slug)
    told = (form.name, form.kind, form.countries, form.note, form.source, form.source_lines)
    names = ("name", "kind", "countries", "note", "source", "source_lines")
    if known is not None and told == tuple(known[name] for name in names):
        return "unchanged"
    row = await tx.fetchrow(
        """INSERT INTO network_group (id, slug, name, kind, countries, note, source, source_lines)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (slug) DO UPDATE SET version = network_group.version + 1, name = $3, kind = $4, countries = $5,
               note = $6, source = $7, source_lines = $8
           RETURNING *""",
        new_id(),
        form.slug,
        *told,
    )
    assert row is not None
    tx.emit(
        GroupRecorded(
            occurred_on=today(),
            group_id=row["id"],
            **{name: row[name] for name in ("version", "slug", "name", "kind", "countries")},
        )
    )
    return "recorded" if known is None else "corrected"


async def join_group(slug: str, form: JoinGroup, tx: Tx, links: Links) -> None:
    """Send the mail that confirms it, a few a day at most; nothing is kept before. Raises UnknownGroup."""
    group = await _group(slug, tx)
    key = links.person_key(form.email)
    if await times_told(tx, key, GroupJoinAsked, timedelta(days=1)) >= MAILS_A_DAY:
        return
    word = {"id": str(new_id()), "group": str(group["id"]), "name": form.name, "email": form.email}
    tx.emit(
        GroupJoinAsked(
            person_key=key,
            email=form.email,
            name=form.name,
            group_slug=group["slug"],
            group_name=group["name"],
            confirmation_url=links.join(word),
        )
    )


async def confirm_membership(word: dict[str, str], tx: Tx, links: Links) -> Row:
    """Somebody pressed the button of their mail: they are in the group, once. Returns the group."""
    try:
        membership_id, group_id, name, email = UUID(word["id"]), UUID(word["group"]), word["name"], word["email"]
    except (KeyError, ValueError):
        raise LinkExpired() from None
    group = await tx.fetchrow("SELECT * FROM network_group WHERE id = $1", group_id)
    if group is None:
        raise UnknownGroup()
    row = await tx.fetchrow(
        """INSERT INTO membership (id, group_id, person_key, name, email) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (group_id, person_key, name) DO UPDATE
               SET status = 'joined', version = membership.version + 1, joined_at = now()
               WHERE membership.status = 'left' AND membership.id <> $1
           RETURNING *""",
        membership_id,
        group_id,
        links.person_key(email),
        name,
        email,
    )
    if row is not None:
        tx.emit(_membership(GroupJoined, row, "joined"))
        tx.emit(
            GroupMemberNamed(
                person_key=row["person_key"],
                email=email,
                name=name,
                membership_id=row["id"],
                group_slug=group["slug"],
                group_name=group["name"],
                leave_url=links.leave(row["id"]),
            )
        )
    return group


async def leave_group(membership_id: UUID, tx: Tx) -> None:
    """Leave a group; a second time changes nothing."""
    row = await tx.fetchrow(
        """UPDATE membership SET status = 'left', version = version + 1 WHERE id = $1 AND status = 'joined'
           RETURNING *""",
        membership_id,
    )
    if row is not None:
        tx.emit(_membership(GroupLeft, row, "left"))


async def _group(slug: str, tx: Tx) -> Row:
    row = await tx.fetchrow("SELECT * FROM network_group WHERE slug = $1", slug)
    if row is None:
        raise UnknownGroup()
    return row


def _membership(
    shape: type[GroupJoined] | type[GroupLeft], row: Row, status: Literal["joined", "left"]
) -> GroupJoined | GroupLeft:
    return shape(
        occurred_on=today(),
        membership_id=row["id"],
        group_id=row["group_id"],
        version=row["version"],
        status=status,
    )
