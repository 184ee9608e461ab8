"""Country and thematic groups: their pages, joining and leaving."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.registry import commands, wording
from services.registry.forms import JoinGroup
from services.registry.links import JOIN, LEAVE, YEAR_SECONDS, Links
from services.registry.queries.groups import group_of, group_of_membership, groups, name_of_group
from shared.db import Answer, Database, Tx
from shared.errors import LinkExpired, Refusal
from shared.web.admission import admit
from shared.web.answers import once
from shared.web.forms import Form, read_form
from shared.web.i18n import _
from shared.web.pages import render, url

router = APIRouter()


@router.get("/annuaire/groupes")
async def all_groups(request: Request) -> Response:
    """Every group."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        rows = await groups(tx)
    return render(request, "registry/groups.html", section="directory", rows=rows, words=wording)


@router.get("/annuaire/groupes/{slug}")
async def group(request: Request, slug: str) -> Response:
    """One group, with its button to join."""
    return await _show(request, slug, Form())


@router.post("/annuaire/groupes/{slug}")
async def join(request: Request, slug: str) -> Response:
    """Ask to join: a mail confirms it."""
    form = await read_form(request)
    asked = form.read(JoinGroup)
    if asked is None:
        return await _show(request, slug, form, 422)

    async def work(tx: Tx) -> Answer:
        await commands.join_group(slug, asked, tx, Links.of(request))
        return Answer(202, {})

    try:
        admit(request, form, asked.email)
        await once(request, asked, form.key, work)
    except Refusal as refusal:
        if refusal.status not in (422, 429):
            raise
        return await _show(request, slug, form.refuse(refusal), refusal.status)
    return RedirectResponse(url(f"/annuaire/groupes/{slug}", demande="1"), 303)


@router.get("/annuaire/adhesion/{token}")
async def ask(request: Request, token: str) -> Response:
    """One button: join, or leave."""
    word = _word(request, token)
    db: Database = request.app.state.db
    async with db.reading() as tx:
        if "group" in word:
            title = _("Rejoindre «\u202f%(name)s\u202f»", name=await name_of_group(tx, UUID(word["group"])))
            text = _("Vous recevrez ses invitations et ses comptes rendus, et partirez quand vous voudrez.")
            button = _("Rejoindre le groupe")
            return render(request, "one_button.html", title=title, text=text, button=button, section="directory")
        found = await group_of_membership(tx, Links.of(request).request_of(LEAVE, token))
    if found is None:
        raise LinkExpired()
    title = _("Quitter «\u202f%(name)s\u202f»", name=found["name"])
    text = _("Vous ne recevrez plus ses invitations ni ses comptes rendus.")
    return render(
        request, "one_button.html", title=title, text=text, button=_("Quitter le groupe"), section="directory"
    )


@router.post("/annuaire/adhesion/{token}")
async def confirm(request: Request, token: str) -> Response:
    """Somebody is in the group from now on, or no longer."""
    word, links = _word(request, token), Links.of(request)
    db: Database = request.app.state.db
    async with db.transaction() as tx:
        if "group" in word:
            row = await commands.confirm_membership(word, tx, links)
            return RedirectResponse(url(f"/annuaire/groupes/{row['slug']}", membre="1"), 303)
        membership_id = links.request_of(LEAVE, token)
        await commands.leave_group(membership_id, tx)
        found = await group_of_membership(tx, membership_id)
    return RedirectResponse(url(f"/annuaire/groupes/{found['slug']}" if found else "/annuaire/groupes", parti="1"), 303)


def _word(request: Request, token: str) -> dict[str, str]:
    signer = request.app.state.signer
    try:
        return dict(signer.read(JOIN, token, YEAR_SECONDS))
    except LinkExpired:
        return dict(signer.read(LEAVE, token, YEAR_SECONDS))


async def _show(request: Request, slug: str, form: Form, status: int = 200) -> Response:
    db: Database = request.app.state.db
    async with db.reading() as tx:
        row = await group_of(tx, slug)
    told = next((name for name in ("demande", "membre", "parti") if name in request.query_params), None)
    return render(
        request, "registry/group.html", status=status, section="directory", row=row, form=form, told=told, words=wording
    )
