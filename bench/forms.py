"""`forms`: a structure asks to be listed, by API and by the last step of the HTML form."""

import itertools
import json
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from rich.console import Group, RenderableType

from bench import checks
from bench.house import House
from bench.load import NextRequest, form_post, json_post
from bench.measure import Case, Failed, Line, Target, limit_app, measure_all, table_of

API, HTML = "/api/registry/v1/listing-requests", "/annuaire/referencement"
DESCRIPTION = (
    "Nous accompagnons depuis douze ans la commune de Koudougou dans l’accès à l’eau potable\u00a0: forages, bornes "
    "fontaines, formation des comités d’usagers, et chaque année un séjour d’échange entre lycées."
)

_numbers = itertools.count()


async def run(house: House) -> tuple[RenderableType, list[Line]]:
    """Measure, then check rows, facts and figures."""
    before = await house.count("registry", "SELECT count(*) FROM listing_request")
    registry = house.ports["registry"]
    async with limit_app(house, "forms", "limit_registry") as port:
        cases = [
            Case("forms", "api", Target(registry, posts(API, False), 201), Target(port, posts("/api", False), 201)),
            Case("forms", "html", Target(registry, posts(HTML, True), 303), Target(port, posts("/html", True), 303)),
        ]
        measured = await measure_all(house, cases)
    shown = table_of("forms: ask to be listed, by API and by the form's last step", measured)
    accepted = before + sum(one.ours.accepted for one in cases)
    return Group(shown, *await _checked(house, accepted)), [one.line for one in measured]


def posts(path: str, by_form: bool) -> NextRequest:
    """Another structure each time, each at an address of its own."""

    def next_request() -> bytes:
        asked = request_of(next(_numbers))
        if by_form:
            ticked = asked | {"consent_listing": "true", "_key": str(uuid4())}
            return form_post(path, urlencode(ticked, doseq=True).encode())
        return json_post(path, json.dumps(asked).encode())

    return next_request


def request_of(number: int) -> dict[str, Any]:
    """A believable request, no two alike."""
    return {
        "name": f"Comité {number:x} pour l’eau",
        "college": "associations",
        "kind": "association",
        "department": "24",
        "website": f"https://www.comite-{number:x}.example",
        "description": DESCRIPTION,
        "themes": ["eau-assainissement-hygiene"],
        "sdgs": [6, 17],
        "countries": ["BF", "TG"],
        "needs": ["partners"],
        "contact_name": f"Camille Duverger {number}",
        "contact_role": "présidente",
        "contact_email": f"camille@comite-{number:x}.example",
        "consent_listing": True,
        "topics": ["newsletter"],
    }


async def _checked(house: House, accepted: int) -> list[str]:
    """Every yes is a row; every row is a fact on the stream and counts in the figure."""
    rows = await house.count("registry", "SELECT count(*) FROM listing_request")
    answers = await house.count("registry", "SELECT count(*) FROM answer WHERE status IN (201, 303)")
    if not accepted == rows == answers:
        raise Failed(f"{accepted} accepted, {rows} requests, {answers} answers kept")
    seen = await checks.followed(house, "listing-requests", "registry.listing_requested.v1", rows)
    return [f"{accepted} accepted = {rows} requests = {answers} answers kept", seen]
