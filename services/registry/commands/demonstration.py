"""The fictional season: the public form's rules, with days in the past; and taking it away."""

from typing import Literal

from services.registry.commands.deciding import publish_request
from services.registry.commands.history import note_step
from services.registry.commands.listing import keep_fictional_request
from services.registry.commands.telling import request_fact
from services.registry.forms import PublishRequest, RecordListing
from services.registry.links import Links
from shared.clock import today
from shared.contracts.registry import (
    ListingInformationAsked,
    ListingRefused,
    ListingRequested,
    ListingReviewStarted,
    RegistryDemonstrationRemoved,
)
from shared.db import Tx

BY = "demonstration"
SHAPES = {
    "in_review": ListingReviewStarted,
    "information_asked": ListingInformationAsked,
    "refused": ListingRefused,
}


async def record_listing(form: RecordListing, tx: Tx, links: Links) -> Literal["recorded"]:
    """One structure of the fictional season, in the state its file gives; no mail leaves for it."""
    row = await keep_fictional_request(form, tx, links, form.requested_on)
    tx.emit(request_fact(ListingRequested, row, form.requested_on))
    if form.status == "published":
        confirmed_on = form.confirmed_on or form.published_on
        await publish_request(
            row["id"], PublishRequest(), tx, BY, links, published_on=form.published_on, confirmed_on=confirmed_on
        )
    elif form.status in SHAPES:
        moved = await tx.fetchrow(
            """UPDATE listing_request SET status = $2, version = version + 1, message = $3, decided_by = $4,
                   decided_at = now()
               WHERE id = $1 RETURNING *""",
            row["id"],
            form.status,
            form.answer,
            BY,
        )
        assert moved is not None
        await note_step(tx, row["id"], form.status, form.answer, BY, form.requested_on)
        tx.emit(request_fact(SHAPES[form.status], moved, form.requested_on))
    return "recorded"


async def remove_demonstration(tx: Tx) -> None:
    """Take the fictional season away, and tell the other services once."""
    await tx.execute("DELETE FROM listing_request WHERE demonstration")
    await tx.execute(
        """UPDATE listing_request SET organisation_id = NULL
           WHERE organisation_id IN (SELECT id FROM organisation WHERE demonstration)"""
    )
    await tx.execute("DELETE FROM organisation WHERE demonstration")
    await tx.execute("DELETE FROM watch_item WHERE demonstration")
    tx.emit(RegistryDemonstrationRemoved(occurred_on=today()))
