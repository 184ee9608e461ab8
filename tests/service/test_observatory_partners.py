"""A partner sees what it funds and nothing else, live, until the dashboard expires or is closed."""

import asyncio
import hashlib
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.embedded import House
from shared.db import Database
from shared.web.session import COOKIE, new_session
from tests.service.test_observatory_figures import API, gathering, hear, organisation, registration, told
from tests.service.test_observatory_live import message, reader

WATER, SCHOOL = "eau-assainissement-hygiene", "education-formation"


@pytest.fixture
def db(house: House) -> Database:
    return house.services["observatory"].db


async def create(staff: httpx.AsyncClient, **filters: Any) -> dict[str, Any]:
    answer = await staff.post(f"{API}/dashboards", json={"partner": "Agence de l’eau Adour-Garonne"} | filters)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_nothing_outside_the_filter_leaves_the_server(
    db: Database, client: httpx.AsyncClient, staff: httpx.AsyncClient
) -> None:
    def actor(name: str, **changes: Any) -> Any:
        return told(organisation(1960, name=name, slug=name.lower().replace(" ", "-"), **changes))

    inside = {"department": "33", "themes": [WATER]}
    training = gathering(1960, title="Puits de Gironde", slug="puits-de-gironde", **inside)
    elsewhere = gathering(1960, title="École de Vienne", slug="ecole-de-vienne", department="86", themes=[SCHOOL])
    await hear(
        db,
        [
            actor("Sources du Médoc", **inside),
            actor("Classes du Médoc", department="33", themes=[SCHOOL]),
            actor("Sources du Poitou", department="86", themes=[WATER]),
            actor("Sources sans lieu", department=None, themes=[WATER]),
            told(training),
            told(elsewhere),
            told(registration(training.gathering_id, 1960, department="33")),
            told(registration(training.gathering_id, 1960, department="86")),
            told(registration(elsewhere.gathering_id, 1960, department="33")),
        ],
    )
    made = await create(staff, departments=["33"], themes=[WATER])
    page = await client.get(f"/observatoire/partenaire/{made['key']}?year=1960")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store" and page.headers["referrer-policy"] == "no-referrer"
    seen = page.text
    for name, value in (("organisations", 1), ("gatherings", 1), ("registrations", 1)):
        facts = await client.get(f"/observatoire/partenaire/{made['key']}/{name}?year=1960")
        assert facts.status_code == 200
        assert f"n = {value}" in facts.text
        left_out = await client.get(f"/observatoire/partenaire/{made['key']}/{name}?year=1960&counted=no")
        seen += facts.text + left_out.text
    async with reader(client, f"/observatoire/partenaire/{made['key']}/flux?year=1960") as lines:
        seen += await asyncio.wait_for(message(lines), 5)
    assert "Sources du Médoc" in seen and "Puits de Gironde" in seen
    for hidden in ("Classes du Médoc", "Sources du Poitou", "Sources sans lieu", "École de Vienne"):
        assert hidden not in seen


async def test_a_figure_that_cannot_obey_the_filter_is_not_shown(
    client: httpx.AsyncClient, staff: httpx.AsyncClient
) -> None:
    made = await create(staff, themes=[WATER])
    page = (await client.get(f"/observatoire/partenaire/{made['key']}?year=1961")).text
    assert 'id="chiffre-subscribers"' not in page and 'id="chiffre-organisations"' in page
    assert (await client.get(f"/observatoire/partenaire/{made['key']}/subscribers")).status_code == 404


async def test_a_dashboard_moves_and_closes_at_once(
    db: Database, client: httpx.AsyncClient, staff: httpx.AsyncClient
) -> None:
    made = await create(staff, departments=["33"])
    async with reader(client, f"/observatoire/partenaire/{made['key']}/flux?year=1962") as lines:
        await asyncio.wait_for(message(lines), 5)
        moved = asyncio.create_task(message(lines))
        await hear(db, [told(gathering(1962, department="33"))])
        assert "<b>1</b>" in await asyncio.wait_for(moved, 1.5)
        ended = asyncio.create_task(_all(lines))
        for _ in range(2):
            closed = await staff.post(f"{API}/dashboards/{made['id']}/revocation")
            assert (closed.status_code, closed.json()["status"]) == (200, "revoked")
        await asyncio.wait_for(ended, 2)
    for address in ("", "/flux", "/organisations"):
        answer = await client.get(f"/observatoire/partenaire/{made['key']}{address}")
        assert answer.status_code == 410
        assert "Demandez au réseau une nouvelle adresse" in answer.text
        assert "chiffre-organisations" not in answer.text


async def _all(lines: Any) -> None:
    async for _line in lines:
        pass


async def test_an_expired_or_unknown_dashboard_shows_nothing(
    db: Database, client: httpx.AsyncClient, staff: httpx.AsyncClient
) -> None:
    made = await create(staff)
    async with db.transaction() as tx:
        await tx.execute(
            "UPDATE dashboard SET expires_on = $2 WHERE dashboard_id = $1",
            UUID(made["id"]),
            date.today() - timedelta(days=2),
        )
    assert (await client.get(f"/observatoire/partenaire/{made['key']}")).status_code == 410
    changed = made["key"][:-1] + ("A" if made["key"][-1] != "A" else "B")
    answer = await client.get(f"/observatoire/partenaire/{changed}")
    assert answer.status_code == 404 and "aucun tableau de bord" in answer.text


async def test_the_key_is_shown_once_and_kept_nowhere(db: Database, staff: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "deux-fois"}
    body = {"partner": "Région Nouvelle-Aquitaine", "departments": ["33", "33"]}
    first = await staff.post(f"{API}/dashboards", json=body, headers=headers)
    again = await staff.post(f"{API}/dashboards", json=body, headers=headers)
    assert first.json() == again.json()
    key = first.json()["key"]
    async with db.reading() as tx:
        kept = await tx.fetchrow(
            "SELECT key_hash, departments FROM dashboard WHERE dashboard_id = $1", UUID(first.json()["id"])
        )
        told_of = await tx.fetch("SELECT body FROM journal WHERE contract = 'observatory.dashboard_created.v1'")
        answers = await tx.fetch("SELECT body::text FROM answer")
    assert kept is not None
    assert (kept["key_hash"], kept["departments"]) == (hashlib.sha256(key.encode()).digest(), ["33"])
    assert not any(key in str(row["body"]) for row in (*told_of, *answers))
    listed = (await staff.get(f"{API}/dashboards")).text
    assert key not in listed and "key_hash" not in listed


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"partner": ""}, "partner"),
        ({"partner": "<b>Agence</b>"}, "partner"),
        ({"departments": ["999"]}, "departments-0"),
        ({"themes": ["inconnu"]}, "themes-0"),
        ({"countries": ["ZZ"]}, "countries-0"),
        ({"expires_on": "2001-01-01"}, "expires_on"),
        ({"expires_on": "demain"}, "expires_on"),
        ({"expires_on": "9999-01-01"}, "expires_on"),
    ],
)
async def test_a_wrong_dashboard_is_refused_beside_its_field(
    staff: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    answer = await staff.post(f"{API}/dashboards", json={"partner": "Agence de l’eau"} | change)
    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", f"{API}/dashboards"),
        ("POST", f"{API}/dashboards"),
        ("POST", f"{API}/dashboards/019401f0-0000-7000-8000-00000000000d/revocation"),
        ("GET", "/observatoire/equipe"),
        ("POST", "/observatoire/equipe/tableaux"),
    ],
)
async def test_what_is_the_teams_is_refused_to_others(
    client: httpx.AsyncClient, house: House, method: str, address: str
) -> None:
    body = {"partner": "Agence de l’eau"}
    anonymous = await client.request(method, address, json=body)
    assert anonymous.status_code == (401 if address.startswith("/api") else 303)
    token = house.services["registry"].signer.session(new_session("facilitator"), "api-token")
    other = await client.request(method, address, json=body, headers={"Authorization": f"Bearer {token}"})
    assert other.status_code == 403


async def test_the_team_creates_and_closes_a_dashboard_from_its_page(house: House, client: httpx.AsyncClient) -> None:
    signed_in = house.services["registry"].signer.session(new_session("staff", "equipe@so-cooperation.example"))
    base = house.settings.public_url
    async with httpx.AsyncClient(base_url=base, cookies={COOKIE: signed_in}, follow_redirects=True) as team:
        assert (await team.get("/observatoire/equipe")).status_code == 200
        typed = {"partner": "", "departments": "33", "expires_on": "2001-01-01", "_key": "page-1"}
        wrong = await team.post("/observatoire/equipe/tableaux", data=typed)
        assert wrong.status_code == 422 and "Erreur" in wrong.text and "2001-01-01" in wrong.text
        right = typed | {"partner": "Ville de Poitiers", "expires_on": "2099-12-31"}
        made = await team.post("/observatoire/equipe/tableaux", data=right)
        address = made.text.split('<a href="' + base)[1].split('"')[0]
        assert "Ville de Poitiers" in (await client.get(address)).text
        listed = (await team.get("/observatoire/equipe")).text
        assert "Ville de Poitiers" in listed and address not in listed
        close = listed.split("Ville de Poitiers")[1].split('action="')[1].split('"')[0]
        assert (await team.post(close)).status_code == 200
    assert (await client.get(address)).status_code == 410


def command(house: House, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"MAILLAGE_DATA": str(house.settings.data)}
    program = Path(sys.executable).with_name("maillage")
    return subprocess.run([program, *words], capture_output=True, text=True, env=environment, timeout=60, check=False)


@pytest.fixture
def announced(house: House) -> House:
    house.system.announce(house.settings.public_url)
    return house


async def test_the_command_line_gives_an_address_alone_on_the_last_line(
    announced: House, client: httpx.AsyncClient
) -> None:
    words = ("dashboard", "create", "--partner", "Département de la Gironde", "--department", "33", "--theme", WATER)
    made = await asyncio.to_thread(command, announced, *words)
    assert made.returncode == 0, made.stderr
    address = made.stdout.splitlines()[-1]
    page = await client.get(address)
    assert page.status_code == 200 and "Département de la Gironde" in page.text and "Gironde (33)" in page.text
    identity = made.stderr.split("fermer\u00a0: ")[1].split(",")[0]
    listed = await asyncio.to_thread(command, announced, "dashboard", "list")
    assert listed.returncode == 0
    closed = await asyncio.to_thread(command, announced, "dashboard", "revoke", identity)
    assert closed.returncode == 0, closed.stderr
    assert (await client.get(address)).status_code == 410
    refused = await asyncio.to_thread(command, announced, "dashboard", "create", "--partner", "X", "--department", "0")
    assert refused.returncode == 1 and "Ce département n’existe pas" in refused.stderr
