"""Whoever asks learns nothing about others: the same answer for a known and an unknown address, in as much time."""

import statistics
import time

import httpx
import pytest

from services.embedded import House
from tests.security import settled as people
from tests.security.settled import Settled, asked

ASKS = {
    "/connexion": "equipe@so-cooperation.example",
    "/annuaire/demande": people.CONTACT,
    "/lettres": people.READER,
    "/donnees-personnelles": people.COMER,
    "/annuaire/groupes/togo": people.MEMBER,
}
TURNS = 9


async def ask(client: httpx.AsyncClient, path: str, email: str) -> tuple[httpx.Response, float]:
    typed = {"email": email, "name": "Awa Lacoste", "topics": "newsletter"}
    started = time.perf_counter()
    answer = await client.post(path, data=typed)
    return answer, time.perf_counter() - started


@pytest.mark.parametrize("path", ASKS)
async def test_a_known_and_an_unknown_address_get_the_same_answer_in_as_much_time(
    client: httpx.AsyncClient, settled: Settled, path: str
) -> None:
    known, unknown = [], []
    for turn in range(TURNS):
        first, took = await ask(client, path, ASKS[path])
        known.append(took)
        second, took = await ask(client, path, f"personne{turn}@ailleurs.example")
        unknown.append(took)
        assert (first.status_code, first.headers["location"]) == (second.status_code, second.headers["location"])
        assert first.status_code == 303
        shared = set(first.headers) ^ set(second.headers)
        assert shared == set()
    shown = [(await client.get(first.headers["location"])).text, (await client.get(second.headers["location"])).text]
    assert ASKS[path] not in shown[0] + shown[1]
    ratio = statistics.median(known) / statistics.median(unknown)
    assert 0.1 < ratio < 10, f"known takes {ratio:.1f} times as long as unknown"


async def test_a_number_under_review_is_not_revealed(client: httpx.AsyncClient) -> None:
    """Only the public directory says that a structure is known; a request that waits says nothing."""
    body = asked("numéro") | {"rna": "W331234567", "name": "Structure en attente", "contact_email": "un@puits.example"}
    first = await client.post("/api/registry/v1/listing-requests", json=body)
    second = await client.post("/api/registry/v1/listing-requests", json=body | {"contact_email": "deux@puits.example"})
    assert first.status_code == second.status_code == 201
    assert set(first.json()) == set(second.json())
    assert first.json()["id"] not in second.text


async def test_a_registration_known_is_told_to_the_same_address_and_name_alone(
    client: httpx.AsyncClient, settled: Settled
) -> None:
    """Another address hears of its own place, never that a name is on the list already."""
    there = f"/api/events/v1/gatherings/{settled.words['events open']}/registrations"
    first = await client.post(there, json={"name": "Aline Roux", "email": "aline@puits.example"})
    again = await client.post(there, json={"name": "Aline Roux", "email": "aline@puits.example"})
    other = await client.post(there, json={"name": "Aline Roux", "email": "autre@puits.example"})
    assert first.json() == again.json() == other.json() == {"status": "confirmed"}


async def test_a_partner_key_is_nowhere_but_with_its_partner(
    house: House, staff: httpx.AsyncClient, settled: Settled
) -> None:
    keys = [settled.words[f"observatory {name}"] for name in ("key", "other key")]
    async with house.services["observatory"].db.reading() as tx:
        rows = [str(dict(row)) for row in await tx.fetch("SELECT * FROM dashboard")]
        rows += [str(dict(row)) for row in await tx.fetch("SELECT * FROM answer")]
        rows += [str(dict(row)) for row in await tx.fetch("SELECT * FROM journal")]
        hashes = [row["key_hash"] for row in await tx.fetch("SELECT key_hash FROM dashboard")]
    listed = (await staff.get("/api/observatory/v1/dashboards")).text
    assert not any(key in text for key in keys for text in (*rows, listed))
    assert not any(str(one) in listed for one in hashes)


async def test_a_partner_key_ends_with_its_day_and_when_it_is_closed(
    house: House, client: httpx.AsyncClient, staff: httpx.AsyncClient
) -> None:
    made = (await staff.post("/api/observatory/v1/dashboards", json={"partner": "Un partenaire"})).json()
    address = f"/observatoire/partenaire/{made['key']}"
    assert (await client.get(address)).status_code == 200
    async with house.services["observatory"].db.transaction() as tx:
        await tx.execute("UPDATE dashboard SET expires_on = '2020-01-01' WHERE dashboard_id = $1::uuid", made["id"])
    assert (await client.get(address)).status_code in (404, 410)
    async with house.services["observatory"].db.transaction() as tx:
        await tx.execute("UPDATE dashboard SET expires_on = '2099-01-01' WHERE dashboard_id = $1::uuid", made["id"])
    assert (await client.get(address)).status_code == 200
    await staff.post(f"/api/observatory/v1/dashboards/{made['id']}/revocation")
    for page in ("", "/flux", "/organisations"):
        assert (await client.get(address + page)).status_code in (404, 410), page
