"""Who may enter the team space: given and taken back by an administrator."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.registry import commands, wording
from services.registry.domain import ForAdministrators
from services.registry.forms import GiveAccess, TakeAccess
from services.registry.queries.people import accounts
from shared.db import Answer, Database, Tx
from shared.web.answers import once
from shared.web.forms import Form, read_form
from shared.web.i18n import _
from shared.web.pages import render, url
from shared.web.session import Session, team_session

router = APIRouter()
ADDRESS = "/annuaire/equipe/comptes"


def administrator(session: Annotated[Session, Depends(team_session)]) -> Session:
    """A dependency for what an administrator alone may do."""
    if session.role != "administrator":
        raise ForAdministrators()
    return session


Administrator = Annotated[Session, Depends(administrator)]


@router.get(ADDRESS)
async def who(request: Request, session: Annotated[Session, Depends(team_session)]) -> Response:
    """Every account; an administrator may add and remove."""
    return await _show(request, Form(), session)


@router.post(ADDRESS)
async def give(request: Request, session: Administrator) -> Response:
    """One account more, or another role."""
    form = await read_form(request)
    asked = form.read(GiveAccess)
    if asked is None:
        return await _show(request, form, session, 422)

    async def work(tx: Tx) -> Answer:
        await commands.give_access(asked, tx)
        return Answer(200, {})

    await once(request, asked, form.key, work)
    return RedirectResponse(url(ADDRESS), 303)


@router.post(ADDRESS + "/retrait")
async def take(request: Request, session: Administrator) -> Response:
    """One account less; its open sessions end."""
    form = await read_form(request)
    asked = form.read(TakeAccess)
    if asked is None:
        return await _show(request, form, session, 422)
    db: Database = request.app.state.db
    async with db.transaction() as tx:
        request.app.state.revoked.update(await commands.take_access(asked, tx))
    return RedirectResponse(url(ADDRESS), 303)


async def _show(request: Request, form: Form, session: Session, status: int = 200) -> Response:
    db: Database = request.app.state.db
    async with db.reading() as tx:
        rows = await accounts(tx)
    return render(
        request,
        "registry/team_accounts.html",
        status=status,
        section="team",
        team_section="requests",
        rows=rows,
        form=form,
        own=request.app.state.settings.team_email,
        may_change=session.role == "administrator",
        roles=[(code, _(words)) for code, words in wording.ROLES.items()],
        words=wording,
    )
