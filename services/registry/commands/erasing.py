"""Erasure: asked by the person or the team, done here as elsewhere, told by a receipt that names nobody."""

from datetime import timedelta
from uuid import UUID

from services.erasing import Counts, Erasure, erase_traces
from services.registry.commands.accounts import role_of, take_access
from services.registry.domain import ForAdministrators, OwnAddress
from services.registry.forms import AskErasure, ErasePerson, TakeAccess
from services.registry.links import ERASURE_DAYS, Links
from services.registry.queries.people import accounts, times_told
from shared.clock import new_id, now, today
from shared.contracts import normalise
from shared.contracts.erasure import AbstractPersonErased
from shared.contracts.registry import (
    ErasureLinkAsked,
    ErasureReceiptIssued,
    ErasureRequested,
    GroupMemberNamed,
    ListingContactNamed,
)
from shared.db import Tx
from shared.web.i18n import language

SAME_REQUEST = timedelta(minutes=1)
"""Asked again within this time, while it is under way, it is the same request and has the same receipt."""


async def ask_erasure(form: AskErasure, tx: Tx, links: Links) -> None:
    """Send the link that confirms it, once a day at most; say nothing of whether the address is known."""
    key = links.person_key(form.email)
    if await times_told(tx, key, ErasureLinkAsked, timedelta(days=1)):
        return
    tx.emit(
        ErasureLinkAsked(
            person_key=key,
            email=form.email,
            lang=language.get(),
            erasure_url=links.erasure(new_id(), form.email, language.get()),
            valid_days=ERASURE_DAYS,
        )
    )


async def request_erasure(
    form: ErasePerson, tx: Tx, links: Links, by: str, role: str | None = None, erasure_id: UUID | None = None
) -> UUID:
    """Ask every service to erase whoever reads an address; the id of the receipt, the same for the same request.

    `role` is the team's; None is the person, whose link names the erasure. Raises OwnAddress, ForAdministrators.
    """
    if normalise(form.email) == normalise(links.settings.team_email):
        raise OwnAddress()
    if role is not None and role != "administrator" and await role_of(form.email, tx, links):
        raise ForAdministrators()
    key = links.person_key(form.email)
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)
    known: UUID | None = await tx.fetchval(
        """SELECT erasure_id FROM erasure_receipt
           WHERE erasure_id = $1::uuid
              OR $1::uuid IS NULL AND person_key = $2 AND purged_at IS NULL AND requested_at > $3""",
        erasure_id,
        key,
        now() - SAME_REQUEST,
    )
    if known is not None:
        return known
    fresh = erasure_id or new_id()
    await tx.execute(
        "INSERT INTO erasure_receipt (erasure_id, person_key, requested_by) VALUES ($1, $2, $3)", fresh, key, by
    )
    receipt = ErasureReceiptIssued(
        person_key=key,
        email=form.email,
        lang=language.get(),
        erasure_id=fresh,
        receipt_url=links.receipt(fresh, language.get()),
    )
    last_mail = tx.emit(receipt)
    tx.emit(ErasureRequested(occurred_on=today(), erasure_id=fresh, person_key=key, receipt_event=last_mail))
    return fresh


async def note_erased(event: AbstractPersonErased, tx: Tx) -> None:
    """A service has done its part."""
    assert tx.cause
    await tx.execute(
        """INSERT INTO erasure_part (erasure_id, service, counts, erased_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT DO NOTHING""",
        event.erasure_id,
        event.service,
        event.counts,
        tx.cause.recorded_at,
    )


async def erase_contact(erasure: Erasure, tx: Tx) -> tuple[Counts, bool]:
    """Cut a person from the requests they made, out of their groups, the team and the drafts."""
    told = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM erasure_part WHERE erasure_id = $1 AND service = 'mailing')", erasure.id
    )
    contacts = await _erase_contacts(erasure, tx)
    memberships = await _erase_memberships(erasure, tx)
    counts = {
        "listing_contacts": len(contacts),
        "memberships": len(memberships),
        "accounts": await _erase_account(erasure, tx),
        "drafts": await _erase_drafts(erasure, tx),
    }
    done = bool(told) or erasure.receipt_event is None or erasure.requested_at < now() - timedelta(days=4)
    traces = await erase_traces(erasure, tx, [*contacts, *memberships], None if done else erasure.receipt_event)
    return counts | traces, done


async def _erase_contacts(erasure: Erasure, tx: Tx) -> list[UUID]:
    """The structure's request stays with its figures; who asked, and what was written to and fro, goes."""
    rows = await tx.fetch(
        """UPDATE listing_request AS request SET contact_name = '', contact_role = NULL, contact_email = '',
               person_key = 'erased', message = NULL, answer = NULL, topics = '{}'
           WHERE person_key = $1 AND NOT EXISTS (
               SELECT FROM journal WHERE journal.person_key = $1 AND contract = $2 AND recorded_at > $3
                   AND body IS NOT NULL AND body::jsonb ->> 'request_id' = request.id::text)
           RETURNING id""",
        erasure.person_key,
        ListingContactNamed.contract(),
        erasure.requested_at,
    )
    gone = [row["id"] for row in rows]
    await tx.execute("UPDATE listing_step SET words = NULL WHERE request_id = ANY($1)", gone)
    return gone


async def _erase_memberships(erasure: Erasure, tx: Tx) -> list[UUID]:
    rows = await tx.fetch(
        """DELETE FROM membership WHERE person_key = $1 AND NOT EXISTS (
               SELECT FROM journal WHERE journal.person_key = $1 AND contract = $2 AND recorded_at > $3
                   AND body IS NOT NULL AND body::jsonb ->> 'membership_id' = membership.id::text)
           RETURNING id""",
        erasure.person_key,
        GroupMemberNamed.contract(),
        erasure.requested_at,
    )
    return [row["id"] for row in rows]


async def _erase_account(erasure: Erasure, tx: Tx) -> int:
    signed_in = await tx.fetch("SELECT DISTINCT email FROM signed_in")
    found = {row["email"] for row in (*await accounts(tx), *signed_in)}
    ours = [email for email in found if erasure.is_of(email)]
    for email in ours:
        await take_access(TakeAccess.model_construct(email=email), tx)
    return len(ours)


async def _erase_drafts(erasure: Erasure, tx: Tx) -> int:
    rows = await tx.fetch(
        "SELECT id, answers ->> 'contact_email' AS email FROM draft WHERE answers ? 'contact_email' AND saved_at <= $1",
        erasure.requested_at,
    )
    ours = [row["id"] for row in rows if erasure.is_of(row["email"] or "")]
    await tx.execute("DELETE FROM draft WHERE id = ANY($1)", ours)
    return len(ours)
