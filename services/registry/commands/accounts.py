"""Signing in by a link: asked by anybody, sent to the team alone, opened once."""

from uuid import UUID

from services.registry.domain import LinkUsed
from services.registry.forms import AskSignIn
from services.registry.links import Links
from services.registry.queries.groups import staff_role
from shared.clock import today
from shared.contracts import normalise
from shared.contracts.registry import AccessRevoked, SignInLinkAsked
from shared.db import Tx
from shared.web.session import Session

LINK_MINUTES = 60
LINKS_AN_HOUR = 5


async def ask_sign_in(form: AskSignIn, tx: Tx, links: Links) -> None:
    """Send a link where the address is the team's; say nothing either way."""
    role = await role_of(form.email, tx, links)
    if role is None or await _asked_lately(tx, links.person_key(form.email)) >= LINKS_AN_HOUR:
        return
    tx.emit(
        SignInLinkAsked(
            person_key=links.person_key(form.email),
            email=form.email,
            sign_in_url=links.sign_in(form.email),
            valid_minutes=LINK_MINUTES,
        )
    )


async def role_of(email: str, tx: Tx, links: Links) -> str | None:
    """The role of an account; the network's own address is always an administrator's."""
    if normalise(email) == normalise(links.settings.team_email):
        return "administrator"
    return await staff_role(tx, email)


async def use_link(link_id: UUID, tx: Tx) -> None:
    """A sign-in link opens once. Raises LinkUsed."""
    fresh = await tx.fetchval("INSERT INTO used_link (id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING true", link_id)
    if not fresh:
        raise LinkUsed()


async def sign_out(session: Session, tx: Tx) -> None:
    """This session is nobody's any more, in every service."""
    await tx.execute("INSERT INTO revocation (token_id) VALUES ($1) ON CONFLICT DO NOTHING", session.token_id)
    tx.emit(AccessRevoked(occurred_on=today(), token_id=session.token_id))


async def _asked_lately(tx: Tx, person_key: str) -> int:
    return int(
        await tx.fetchval(
            """SELECT count(*) FROM journal
               WHERE person_key = $1 AND contract = 'registry.sign_in_link_asked.v1'
                 AND recorded_at > now() - interval '1 hour'""",
            person_key,
        )
    )
