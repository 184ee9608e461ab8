"""The team's figures: partners' dashboards, published figures, what the data leave unsaid."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from services.observatory.commands import create_dashboard, revoke_dashboard
from services.observatory.domain import Scope
from services.observatory.forms import CreateDashboard, RevokeDashboard, next_year
from services.observatory.headlines import filters_said
from services.observatory.keys import key_from, new_seed
from services.observatory.pages.common import database
from services.observatory.queries.checks import quality, shown
from services.observatory.queries.dashboards import dashboards
from services.observatory.queries.published import published_figures
from shared import reference
from shared.clock import today
from shared.db import Answer, Row, Tx
from shared.errors import Refusal
from shared.web.answers import once
from shared.web.forms import Form, read_form
from shared.web.i18n import _, language
from shared.web.pages import render, url
from shared.web.session import Session, team_session

router = APIRouter(prefix="/observatoire/equipe", include_in_schema=False)
Team = Annotated[Session, Depends(team_session)]
SHOWN_ONCE = "dashboard-key"
SHOWN_SECONDS = 15 * 60


def _state(row: Row) -> tuple[str, str]:
    if row["revoked_at"] is not None:
        return _("Fermé"), "danger"
    return (_("Expiré"), "wait") if row["expires_on"] < today() else (_("Ouvert"), "ok")


async def _page(request: Request, form: Form, status: int = 200) -> Response:
    async with database(request).reading() as tx:
        rows = await dashboards(tx)
        unsaid, published, facts = await quality(tx), await published_figures(tx), await shown(tx)
    lang = language.get()
    listed = [(row, _state(row), filters_said(_limits(row))) for row in rows]
    by_name = sorted(reference.countries(), key=lambda one: reference.fold(one.label(lang)))
    region = reference.departments_of_region(request.app.state.settings.region)
    return render(
        request,
        "observatory/team.html",
        status=status,
        section="team",
        team_section="figures",
        form=form,
        listed=listed,
        quality=unsaid,
        published=published,
        facts=facts,
        departments=[
            (one.code, f"{one.name} ({one.code})") for one in sorted(region, key=lambda one: reference.fold(one.name))
        ],
        themes=[(one.code, one.label(lang)) for one in reference.themes()],
        countries=[(one.code, one.label(lang)) for one in by_name],
    )


def _limits(row: Row) -> Scope:
    return Scope(None, tuple(row["departments"]), tuple(row["themes"]), tuple(row["countries"]))


@router.get("")
async def show_team(request: Request, session: Team) -> Response:
    """Dashboards first, then what the figures are made of."""
    return await _page(request, Form({"expires_on": next_year().isoformat()}))


@router.post("/tableaux")
async def post_dashboard(request: Request, session: Team) -> Response:
    """Create a dashboard; its address is shown on the next page, for a quarter of an hour."""
    form = await read_form(request)
    wanted = form.read(CreateDashboard)
    if wanted is None:
        return await _page(request, form, 422)
    secret = request.app.state.settings.secret

    async def work(tx: Tx) -> Answer:
        seed = new_seed()
        made = await create_dashboard(wanted, key_from(secret, seed), session.by, tx)
        return Answer(201, {"id": str(made), "seed": seed, "expires_on": wanted.expires_on.isoformat()})

    try:
        answer = await once(request, wanted, form.key, work)
    except Refusal as refusal:
        return await _page(request, form.refuse(refusal), refusal.status)
    word = {"partner": wanted.partner, "seed": answer.body["seed"], "expires_on": answer.body["expires_on"]}
    token = request.app.state.signer.issue(SHOWN_ONCE, word)
    return RedirectResponse(url(f"/observatoire/equipe/tableaux/nouveau/{token}"), status_code=303)


@router.get("/tableaux/nouveau/{token}")
async def show_new_dashboard(request: Request, token: str, session: Team) -> Response:
    """The address to give to the partner."""
    word = request.app.state.signer.read(SHOWN_ONCE, token, SHOWN_SECONDS)
    settings = request.app.state.settings
    address = f"{settings.public_url}/observatoire/partenaire/{key_from(settings.secret, word['seed'])}"
    return render(
        request,
        "observatory/new_dashboard.html",
        headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
        section="team",
        team_section="figures",
        word=word,
        address=address,
    )


@router.post("/tableaux/{dashboard_id}/fermeture")
async def post_revocation(request: Request, dashboard_id: UUID, session: Team) -> Response:
    """Close a dashboard now, and the pages open on it."""
    form = await read_form(request)

    async def work(tx: Tx) -> Answer:
        await revoke_dashboard(dashboard_id, tx)
        return Answer(200, {"status": "revoked"})

    await once(request, RevokeDashboard(), form.key, work)
    return RedirectResponse(url("/observatoire/equipe"), status_code=303)
