"""The links of mails: confirm, choose, leave, come back. A GET never acts."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from services.mailing import commands, wording
from services.mailing.forms import ChooseLetters, Nothing
from services.mailing.links import Links
from services.mailing.pages.public import department_options, topic_options
from services.mailing.queries.subscribers import known_groups, request_of, subscriber_of
from shared.db import Answer, Database, Tx
from shared.errors import Refusal
from shared.web.answers import once
from shared.web.forms import Form, read_form
from shared.web.i18n import _, language
from shared.web.pages import render, url

router = APIRouter()
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


@router.get("/lettres/confirmation/{token}")
async def confirmation(request: Request, token: str) -> Response:
    """What will start, and one button."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        asked = await request_of(tx, Links.of(request).request_of(token))
        groups = dict(await known_groups(tx))
    return render(
        request,
        "one_button.html",
        headers=PRIVATE,
        section="letters",
        title=_("Confirmer mon abonnement"),
        text=_("Vous recevrez\u00a0: %(topics)s.", topics=wording.topics_said(asked.topics, groups)),
        button=_("Recevoir ces lettres"),
        note=_("Un lien au bas de chaque lettre permet de changer d’avis à tout moment."),
        form=Form(),
    )


@router.post("/lettres/confirmation/{token}")
async def confirm(request: Request, token: str) -> Response:
    """The button was pressed: letters start."""
    links = Links.of(request)
    request_id = links.request_of(token)

    async def work(tx: Tx) -> Answer:
        return Answer(200, {"id": str((await commands.confirm_subscription(request_id, tx)).id)})

    form = await read_form(request)
    answer = await once(request, Nothing(), form.key, work)
    address = links.preferences(answer.body["id"], language.get())
    return RedirectResponse(url(_local(address, links), suite="confirme"), status_code=303)


def _local(address: str, links: Links) -> str:
    return address.removeprefix(links.settings.public_url).partition("?")[0]


@router.get("/lettres/preferences/{token}")
async def preferences(request: Request, token: str, suite: str = "") -> Response:
    """Which letters, from where, or none."""
    db: Database = request.app.state.db
    async with db.reading() as tx:
        reader = await subscriber_of(tx, Links.of(request).subscriber_of(token))
    form = Form({"topics": list(reader.topics), "department": reader.department or ""})
    return await _show(request, token, form, suite=suite)


async def _show(request: Request, token: str, form: Form, status: int = 200, suite: str = "") -> Response:
    links = Links.of(request)
    db: Database = request.app.state.db
    async with db.reading() as tx:
        reader = await subscriber_of(tx, links.subscriber_of(token))
        groups = await known_groups(tx)
    return render(
        request,
        "mailing/preferences.html",
        status=status,
        headers=PRIVATE,
        section="letters",
        form=form,
        reader=reader,
        token=token,
        suite=suite,
        topics=topic_options(groups, reader.topics),
        departments=department_options(links.settings.region),
        demonstration=reader.demonstration,
    )


@router.post("/lettres/preferences/{token}")
async def choose(request: Request, token: str) -> Response:
    """New choices; none ticked is leaving all."""
    subscriber_id = Links.of(request).subscriber_of(token)
    form = await read_form(request)
    asked = form.read(ChooseLetters)
    if asked is None:
        return await _show(request, token, form, 422)

    async def work(tx: Tx) -> Answer:
        changed = await commands.choose_letters(subscriber_id, asked, tx)
        return Answer(200, {"status": changed.status})

    try:
        await once(request, asked, form.key, work)
    except Refusal as refusal:
        if refusal.status not in (409, 422):
            raise
        return await _show(request, token, form.refuse(refusal), refusal.status)
    return RedirectResponse(url(f"/lettres/preferences/{token}", suite="choix"), status_code=303)


@router.post("/lettres/preferences/{token}/fin")
async def leave_from_preferences(request: Request, token: str) -> Response:
    """Every letter ends."""
    db: Database = request.app.state.db
    async with db.transaction() as tx:
        await commands.leave_letters(Links.of(request).subscriber_of(token), tx)
    return RedirectResponse(url(f"/lettres/preferences/{token}"), status_code=303)


@router.post("/lettres/preferences/{token}/retour")
async def come_back(request: Request, token: str) -> Response:
    """Undo: the same letters as before."""
    db: Database = request.app.state.db
    async with db.transaction() as tx:
        await commands.return_to_letters(Links.of(request).subscriber_of(token), tx)
    return RedirectResponse(url(f"/lettres/preferences/{token}", suite="choix"), status_code=303)


@router.get("/lettres/desinscription/{token}")
async def leaving(request: Request, token: str) -> Response:
    """One button; nothing happened yet."""
    links = Links.of(request)
    subscriber_id = links.leaver_of(token)
    db: Database = request.app.state.db
    async with db.reading() as tx:
        reader = await subscriber_of(tx, subscriber_id)
    if reader.status == "unsubscribed":
        return RedirectResponse(_preferences_of(request, links), status_code=303)
    return render(
        request,
        "one_button.html",
        headers=PRIVATE,
        section="letters",
        title=_("Me désabonner"),
        text=_("Vous ne recevrez plus aucune de nos lettres. Vos inscriptions aux événements ne changent pas."),
        button=_("Ne plus rien recevoir"),
        hidden={"page": "1"},
    )


def _preferences_of(request: Request, links: Links) -> str:
    token = request.url.path.rsplit("/", 1)[1]
    return url(_local(links.preferences(links.leaver_of(token), language.get()), links))


@router.post("/lettres/desinscription/{token}")
async def leave(request: Request, token: str) -> Response:
    """RFC 8058: the mailbox itself posts here, without a cookie; it acts at once."""
    links = Links.of(request)
    subscriber_id = links.leaver_of(token)
    form = await read_form(request)
    db: Database = request.app.state.db
    async with db.transaction() as tx:
        await commands.leave_letters(subscriber_id, tx)
    if form.value("page"):
        return RedirectResponse(_preferences_of(request, links), status_code=303)
    return PlainTextResponse(_("Désabonnement fait."))
