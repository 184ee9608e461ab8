"""Signing in by a link: asked by anybody, sent to the team alone, opened once; and who may."""

from datetime import timedelta
from uuid import UUID

from services.registry.domain import LinkUsed
from services.registry.forms import AskSignIn, GiveAccess, TakeAccess
from services.registry.links import Links
from services.registry.queries.people import staff_role, times_told
from shared.clock import today
from shared.contracts import normalise
from shared.contracts.registry import AccessRevoked, SignInLinkAsked
from shared.db import Tx
from shared.web.session import Session

LINK_MINUTES = 60
LINKS_AN_HOUR = 5


async def ask_sign_in(form: AskSignIn, tx: Tx, links: Links) -> None:
    """Send a link where the address is the team's; say nothing either way."""
    key = links.person_key(form.email)
    role = await role_of(form.email, tx, links)
    asked = await times_told(tx, key, SignInLinkAsked, timedelta(hours=1))
    if role is None or asked >= LINKS_AN_HOUR:
        return
    tx.emit(
        SignInLinkAsked(
            person_key=key, email=form.email, sign_in_url=links.sign_in(form.email), valid_minutes=LINK_MINUTES
        )
    )


async def role_of(email: str, tx: Tx, links: Links) -> str | None:
    """The role of an account; the network's own address is always an administrator's."""
    if normalise(email) == normalise(links.settings.team_email):
        return "administrator"
    return await staff_role(tx, email)


async def sign_in(link_id: UUID, session: Session, tx: Tx) -> None:
    """A sign-in link opens once, and the session it opens is known. Raises LinkUsed."""
    fresh = await tx.fetchval("INSERT INTO used_link (id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING true", link_id)
    if not fresh:
        raise LinkUsed()
    await tx.execute(
        "INSERT INTO signed_in (token_id, email) VALUES ($1, $2)", session.token_id, normalise(session.email)
    )


async def sign_out(token_id: UUID, tx: Tx) -> None:
    """This session is nobody's any more, in every service."""
    await tx.execute("INSERT INTO revocation (token_id) VALUES ($1) ON CONFLICT DO NOTHING", token_id)
    await tx.execute("DELETE FROM signed_in WHERE token_id = $1", token_id)
    tx.emit(AccessRevoked(occurred_on=today(), token_id=token_id))


async def give_access(form: GiveAccess, tx: Tx) -> None:
    """Let somebody into the team space, or change their role from their next sign-in."""
    await tx.execute(
        "INSERT INTO staff (email, role) VALUES ($1, $2) ON CONFLICT (email) DO UPDATE SET role = $2",
        normalise(form.email),
        form.role,
    )


async def take_access(form: TakeAccess, tx: Tx) -> list[UUID]:
    """Close the team space to somebody, their open sessions included; returns those."""
    email = normalise(form.email)
    await tx.execute("DELETE FROM staff WHERE email = $1", email)
    rows = await tx.fetch("SELECT token_id FROM signed_in WHERE email = $1", email)
    for row in rows:
        await sign_out(row["token_id"], tx)
    return [row["token_id"] for row in rows]
