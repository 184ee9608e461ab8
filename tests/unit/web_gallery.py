"""A small application that shows every piece of the look, for tests and for eyes; shipped in no service."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from shared.reference import communes_of_postal_code
from shared.web import charts, maps, pages
from shared.web.forms import Form

HERE = Path(__file__).parent / "gallery"
DEPARTMENTS = {"33": 421, "86": 247, "64": 158, "87": 121, "17": 112, "24": 77, "79": 66, "40": 63, "16": 58, "47": 49}
DEPARTMENTS |= {"19": 41, "23": 0}
COUNTRIES = {"MA": 214, "SN": 187, "BF": 143, "MG": 131, "TG": 96, "BJ": 88, "ML": 74, "CM": 69, "CI": 52, "VN": 41}
COUNTRIES |= {"HT": 33, "BR": 14, "PE": 6, "MX": 5, "IN": 9, "TN": 21, "RO": 4, "DE": 8, "CD": 18, "TD": 12}
GOALS = {4: 517, 17: 489, 3: 402, 6: 356, 13: 311, 5: 268, 2: 241, 10: 233, 8: 214, 15: 196, 1: 188, 11: 174, 12: 129}
GOALS |= {7: 121, 16: 118, 9: 66, 14: 38}


async def directory(request: Request) -> Response:
    """Show a list with its search, its facets and its map."""
    pages_seen = [maps.Place(-0.58, 44.84, 60, "Bordeaux"), maps.Place(0.34, 46.58, 25, "Poitiers")]
    pages_seen.append(maps.Place(-1.15, 46.16, 9, "La Rochelle"))
    return pages.render(
        request, "gallery/directory.html", section="directory", departments=DEPARTMENTS, places=pages_seen
    )


async def barometer(request: Request) -> Response:
    """Show the charts and the maps."""
    months = ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]
    now = charts.Series("2026", [31, 44, 52, 38, 41, 36, 12, 9, 58, 73, 61, None])
    before = charts.Series("2025", [22, 30, 41, 35, 38, 29, 15, 6, 44, 52, 48, 27])
    shown = {"months": months, "now": now, "before": before, "goals": GOALS, "departments": DEPARTMENTS}
    return pages.render(request, "gallery/barometer.html", section="observatory", countries=COUNTRIES, **shown)


async def form(request: Request) -> Response:
    """Show a form, with its mistakes where `?bad` asks for them."""
    errors = {
        "rna": "Le numéro RNA commence par W, suivi de 9 chiffres",
        "sdgs": "Choisissez au moins un ODD",
        "contact_email": "L’adresse électronique doit ressembler à nom@exemple.fr",
    }
    typed = {"name": "Puits & Partage en Périgord", "rna": "W24100", "countries": ["BF"], "postal_code": "24000"}
    typed |= {"description": "Nous construisons\ndes puits.", "contact_email": "contact@puits"}
    bad = "bad" in request.query_params
    filled = Form({**typed}, errors if bad else {}, key="0192f0c1-cle")
    communes = communes_of_postal_code("24000")
    return pages.render(
        request, "gallery/form.html", status=422 if bad else 200, section="listing", form=filled, communes=communes
    )


async def profile(request: Request) -> Response:
    """Show a profile, an agenda, a programme, notices and an empty list."""
    start = dt.datetime(2016, 11, 4, 8, 30, tzinfo=dt.UTC)
    return pages.render(request, "gallery/profile.html", section="agenda", demonstration=True, start=start)


async def team(request: Request) -> Response:
    """Show the team space."""
    request.state.session = SimpleNamespace(role="staff", email="equipe@maillage.example")
    return pages.render(request, "gallery/team.html", section="team", team_section="requests")


async def button(request: Request) -> Response:
    """Show the page a link of a mail opens."""
    words = {"title": "Confirmer votre inscription", "text": "Un clic, et c’est fait.", "button": "Confirmer"}
    return pages.render(request, "one_button.html", hidden={"token": "abc"}, note="Rien à faire sinon.", **words)


async def live(request: Request) -> Response:
    """Show a figure that moves."""
    return pages.render(request, "gallery/live.html", section="observatory")


async def stream(request: Request) -> Response:
    """Send twelve figures, one after the other."""

    async def moving() -> AsyncIterator[str]:
        macros = pages.environment().get_template("macros/ui.html").module
        for n in range(1, 13):
            html = str(macros.key_figure({"value": str(n), "label": "acteurs", "id": "chiffre"}))  # type: ignore[attr-defined]
            yield "".join(f"data: {line}\n" for line in html.splitlines()) + "\n"
            await asyncio.sleep(0.01)
        await asyncio.sleep(5)

    return StreamingResponse(moving(), media_type="text/event-stream")


async def error(request: Request) -> Response:
    """Show an error page."""
    return pages.error_page(request, int(request.path_params["status"]))


def build() -> Starlette:
    """Put the gallery together as a service does."""
    pages.register_templates(HERE)
    app = Starlette()
    app.state.settings = SimpleNamespace(
        network_name="SO Coopération", network_tagline="Réseau régional multi-acteurs, Nouvelle-Aquitaine"
    )
    for name in (directory, barometer, form, profile, team, button, live, stream):
        app.router.add_route(f"/{name.__name__}", name)
    app.router.add_route("/error/{status:int}", error)
    pages.mount_static(app)
    app.add_middleware(pages.security_headers)
    return app
