"""Every route of every service, called by everybody: nobody passes where nobody said that they may."""

import httpx
import pytest
from fastapi import FastAPI

from services.embedded import House
from services.houses import CARDS
from services.observatory.pages.team import SHOWN_ONCE
from services.registry.links import ERASURE, RECEIPT, SIGN_IN
from shared.clock import new_id
from tests.conftest import anybody
from tests.security.access import ACCESS, Access, access_of, routes_of
from tests.security.asking import call, header_faults, roles_of, with_nothing, with_something
from tests.security.settled import Settled

NOBODY = ("anonymous", "other partner")
PASSES = {
    Access.ANYBODY: ("anonymous", "other partner", "facilitator", "staff", "administrator"),
    Access.TEAM: ("staff", "administrator"),
    Access.ADMINISTRATOR: ("administrator",),
}

OTHERWISE = {"/api/events/v1/gatherings/{gathering_id}": 404}  # a draft, for the public
OTHERWISE |= {f"/api/{name}/v1/bus/handled": 422 for name in CARDS}  # of nothing
OTHERWISE["/observatoire/equipe/bus/histoire"] = 422


def verdict(answer: httpx.Response) -> str:
    """What became of a call: passed, sent to sign in, forbidden, nothing there, or broken."""
    if answer.status_code == 401 or answer.headers.get("location", "").startswith("/connexion?suite="):
        return "sign in"
    found = {403: "forbidden", 404: "nothing"}.get(answer.status_code)
    return found or ("broken" if answer.status_code >= 500 else "passed")


def expected(access: Access, role: str) -> tuple[str, ...]:
    """What the matrix says of a call for something that does not exist."""
    if access in (Access.LINK, Access.KEY):
        return ("nothing",)
    if role in PASSES[access]:
        return ("passed", "nothing")
    return ("sign in",) if role in NOBODY else ("forbidden",)


async def faults_of(
    service: str, app: FastAPI, client: httpx.AsyncClient, roles: dict[str, dict[str, str]]
) -> list[str]:
    """Each route where somebody passes who should not, or is refused who should not be."""
    faults = []
    for method, path in routes_of(service, app):
        access = access_of(service, method, path)
        if access is None:
            faults.append(f"{method} {path}: not listed")
            continue
        for role, headers in roles.items():
            answer = await call(client, method, with_nothing(path), headers)
            if verdict(answer) not in expected(access, role):
                faults.append(f"{method} {path} as {role}: {answer.status_code} {verdict(answer)}")
            faults += [f"{method} {path} as {role}: {fault}" for fault in header_faults(answer)]
    return faults


@pytest.mark.parametrize("service", sorted(CARDS))
async def test_every_route_lets_pass_whom_it_is_for_and_nobody_else(
    house: House, client: httpx.AsyncClient, settled: Settled, service: str
) -> None:
    app = house.services[service].app
    assert await faults_of(service, app, client, roles_of(house, settled)) == []


async def test_the_matrix_sees_a_route_that_is_not_listed_and_one_that_forgot_its_guard() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/annuaire/equipe")
    async def unguarded() -> str:
        return "the queue"

    @app.get("/annuaire/nouvelle-page")
    async def unlisted() -> str:
        return "hello"

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://control") as client:
        faults = await faults_of("registry", app, client, {"anonymous": {}})
    assert "GET /annuaire/nouvelle-page: not listed" in faults
    assert "GET /annuaire/equipe as anonymous: 200 passed" in faults
    assert any("policy ''" in fault for fault in faults)


def test_nothing_is_listed_that_no_service_answers(house: House) -> None:
    found = {
        f"{method} {path}".replace(f"/{name}/", "/{service}/", 1) if "{service}" in listed else f"{method} {path}"
        for name, service in house.services.items()
        for method, path in routes_of(name, service.app)
        for listed in (f"{method} {path}", f"{method} {path}".replace(f"/{name}/", "/{service}/", 1))
    }
    assert set(ACCESS) - found == set()


async def test_every_page_opens_for_whom_it_is(house: House, client: httpx.AsyncClient, settled: Settled) -> None:
    """The other half of the matrix: with what exists, whoever may see it sees it."""
    signer = house.services["registry"].signer
    word = {"id": str(new_id()), "email": house.settings.team_email}
    settled.links["/connexion/{token}"] = signer.issue(SIGN_IN, word)
    settled.links["/donnees-personnelles/effacement/{token}"] = signer.issue(ERASURE, word)
    receipt = {"id": settled.words["registry erasure_id"]}
    settled.links["/donnees-personnelles/recu/{token}"] = signer.issue(RECEIPT, receipt)
    shown = {"partner": "Partenaire", "seed": "00", "expires_on": "2030-01-01"}
    settled.links["/observatoire/equipe/tableaux/nouveau/{token}"] = signer.issue(SHOWN_ONCE, shown)
    roles, faults = roles_of(house, settled), []
    for name, service in house.services.items():
        for method, path in routes_of(name, service.app):
            if method != "GET":
                continue
            access = access_of(name, method, path)
            headers = roles["staff" if access is Access.TEAM else "anonymous"]
            answer = await call(client, method, with_something(name, path, settled), headers)
            if answer.status_code != OTHERWISE.get(path, 404 if "{event_id}" in path else 200):
                faults.append(f"{path}: {answer.status_code}")
    assert faults == []


async def test_the_caught_mail_opens_at_this_machine_alone(house: House, client: httpx.AsyncClient) -> None:
    for path in ("/courrier", "/courrier/api/messages", "/courrier/nothing", "/courrier/nothing/html"):
        here = await client.get(path)
        assert verdict(here) in ("passed", "nothing"), path
        assert header_faults(here) == [], path
        through_a_gateway = await client.get(path, headers={"X-Forwarded-For": "203.0.113.9"})
        assert verdict(through_a_gateway) == "forbidden", path
        led_here = await client.get(path, headers={"Host": "mal.example"})
        assert verdict(led_here) == "forbidden", path


async def test_a_form_of_another_site_does_not_act_for_whoever_is_signed_in(house: House) -> None:
    cookie = house.services["registry"].signer
    async with anybody(house) as mine:
        from_here = await mine.post("/deconnexion", headers={"Origin": house.settings.public_url})
        assert from_here.status_code == 303
        mine.cookies.set("maillage_session", cookie.issue("session", {"id": str(new_id()), "role": "staff"}))
        for headers in ({"Origin": "https://mal.example"}, {"Sec-Fetch-Site": "cross-site"}):
            led = await mine.post("/lettres/equipe", headers=headers)
            assert led.status_code == 403
            assert header_faults(led) == []
