"""Signing in: a link by mail, a page with one button, a cookie; and out."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.registry import commands
from services.registry.commands.accounts import LINK_MINUTES
from services.registry.forms import AskSignIn
from services.registry.links import SIGN_IN, Links
from services.registry.pages.asking import send_link
from shared.db import Database
from shared.errors import LinkExpired
from shared.web.forms import Form
from shared.web.i18n import _
from shared.web.pages import render, url
from shared.web.session import COOKIE, SESSION_SECONDS, new_session

router = APIRouter()
LINK_SECONDS = LINK_MINUTES * 60


@router.get("/connexion")
async def ask(request: Request) -> Response:
    """The form that asks for a link."""
    return _page(request, Form())


@router.post("/connexion")
async def send(request: Request) -> Response:
    """The same answer for any address."""
    return await send_link(request, AskSignIn, commands.ask_sign_in, _page, url("/connexion", demandee="1"))


@router.get("/connexion/{token}")
async def button(request: Request, token: str) -> Response:
    """One button: opening the link acts on nothing."""
    word = request.app.state.signer.read(SIGN_IN, token, LINK_SECONDS)
    text = _(
        "Espace équipe de %(name)s, pour %(email)s.", name=request.app.state.settings.network_name, email=word["email"]
    )
    return render(request, "one_button.html", title=_("Se connecter"), text=text, button=_("Ouvrir l’espace équipe"))


@router.post("/connexion/{token}")
async def sign_in(request: Request, token: str) -> Response:
    """The session starts, if the account still has a role."""
    word = request.app.state.signer.read(SIGN_IN, token, LINK_SECONDS)
    db: Database = request.app.state.db
    async with db.transaction() as tx:
        role = await commands.role_of(word["email"], tx, Links.of(request))
        if role not in ("staff", "administrator"):
            raise LinkExpired()
        session = new_session("administrator" if role == "administrator" else "staff", word["email"])
        await commands.sign_in(UUID(word["id"]), session, tx)
    answer = RedirectResponse(url("/annuaire/equipe"), 303)
    answer.set_cookie(
        COOKIE,
        request.app.state.signer.session(session),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.app.state.settings.public_url.startswith("https://"),
    )
    return answer


@router.post("/deconnexion")
async def sign_out(request: Request) -> Response:
    """The session ends, everywhere."""
    session = request.state.session
    if session is not None and not session.by_token:
        db: Database = request.app.state.db
        async with db.transaction() as tx:
            await commands.sign_out(session.token_id, tx)
        request.app.state.revoked.add(session.token_id)
    answer = RedirectResponse(url("/"), 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return answer


def _page(request: Request, form: Form, status: int = 200) -> Response:
    asked = "demandee" in request.query_params
    return render(request, "registry/sign_in.html", status=status, form=form, asked=asked)
