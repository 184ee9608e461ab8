"""Places: never one too many, whoever presses at once; the list in its order; the same person once."""

import asyncio
import json
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from services.embedded import House
from shared.clock import PARIS


def training(number: int, **changes: Any) -> dict[str, Any]:
    """A training of one afternoon, next month."""
    start = datetime.now(PARIS).replace(hour=14, minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(days=30)
    asked = {
        "title": f"Financer un projet d’accès à l’eau {number}",
        "kind": "training",
        "mode": "in_person",
        "place": "Salle des Tilleuls, Poitiers",
        "sessions": [{"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=3)).isoformat()}],
        "capacity": 2,
        "themes": ["eau-assainissement-hygiene"],
        "countries": ["MA"],
    }
    return asked | changes


async def published(staff: httpx.AsyncClient, asked: dict[str, Any]) -> dict[str, Any]:
    draft = await staff.post("/api/events/v1/gatherings", json=asked)
    assert draft.status_code == 201, draft.text
    answer = await staff.post(f"/api/events/v1/gatherings/{draft.json()['id']}/publication")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def register(client: httpx.AsyncClient, gathering: dict[str, Any], name: str, **more: Any) -> httpx.Response:
    local = name.lower().replace(" ", ".")
    body = {"name": name, "email": f"{local}@mairie.example", **more}
    return await client.post(f"/api/events/v1/gatherings/{gathering['id']}/registrations", json=body)


async def registrations(staff: httpx.AsyncClient, gathering: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await staff.get(f"/api/events/v1/gatherings/{gathering['id']}/registrations", params={"limit": 200})
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def journal(house: House, gathering: dict[str, Any], contract: str) -> list[dict[str, Any]]:
    async with house.services["events"].db.reading() as tx:
        rows = await tx.fetch(
            "SELECT body FROM journal WHERE contract = $1 AND body LIKE $2 ORDER BY position",
            f"events.{contract}.v1",
            f"%{gathering['id']}%",
        )
    return [json.loads(row["body"]) for row in rows]


async def test_a_place_then_a_rank_when_there_is_none_left(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    gathering = await published(staff, training(number, capacity=1))
    first = await register(client, gathering, "Aline Roux")
    second = await register(client, gathering, "Bruno Petit")
    third = await register(client, gathering, "Chloé Morin", email="chloe@mairie.example")
    assert (first.status_code, first.json()) == (201, {"status": "confirmed"})
    assert (second.status_code, second.json()) == (201, {"status": "waiting", "rank": 1})
    assert third.json() == {"status": "waiting", "rank": 2}


async def test_the_same_person_has_one_registration_and_the_same_answer(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    gathering = await published(staff, training(number, capacity=1))
    for name, email in (("Aline Roux", "aline@mairie.example"), ("ALINE  ROUX", " Aline@Mairie.example ")):
        answer = await register(client, gathering, name, email=email)
        assert (answer.status_code, answer.json()) == (201, {"status": "confirmed"})
    assert len(await registrations(staff, gathering)) == 1
    assert len(await journal(house, gathering, "registrant_named")) == 1


async def test_a_shared_address_holds_several_people(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    gathering = await published(staff, training(number, capacity=2))
    for name in ("Aline Roux", "Bruno Petit"):
        answer = await register(client, gathering, name, email="contact@mairie.example")
        assert answer.json() == {"status": "confirmed"}
    assert len(await registrations(staff, gathering)) == 2


async def test_a_cancelled_place_goes_to_the_first_who_waits_and_they_are_told(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    gathering = await published(staff, training(number, capacity=1))
    for name in ("Aline Roux", "Bruno Petit", "Denis Blanc"):
        await register(client, gathering, name)
    aline = (await registrations(staff, gathering))[0]
    gone = await staff.post(f"/api/events/v1/registrations/{aline['id']}/cancellation")
    again = await staff.post(f"/api/events/v1/registrations/{aline['id']}/cancellation")
    assert (gone.status_code, again.status_code) == (200, 200)
    seen = {one["name"]: (one["status"], one["rank"]) for one in await registrations(staff, gathering)}
    assert seen == {
        "Aline Roux": ("cancelled", None),
        "Bruno Petit": ("confirmed", None),
        "Denis Blanc": ("waiting", 1),
    }
    assert [one["name"] for one in await journal(house, gathering, "registrant_promoted")] == ["Bruno Petit"]
    assert len(await journal(house, gathering, "registrant_left")) == 1


async def test_whoever_comes_back_goes_to_the_end_of_the_list(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    gathering = await published(staff, training(number, capacity=1))
    for name in ("Aline Roux", "Bruno Petit", "Denis Blanc"):
        await register(client, gathering, name)
    bruno = (await registrations(staff, gathering))[1]
    await staff.post(f"/api/events/v1/registrations/{bruno['id']}/cancellation")
    assert (await register(client, gathering, "Bruno Petit")).json() == {"status": "waiting", "rank": 2}


@pytest.mark.parametrize("seed", [20201103])
async def test_two_hundred_at_once_for_fifty_places_each_sent_twice_with_cancellations(
    staff: httpx.AsyncClient, house: House, number: int, seed: int
) -> None:
    chance = random.Random(seed)
    gathering = await published(staff, training(number, capacity=50))
    people = [f"Personne {place:03}" for place in range(200)]
    posts = people * 2
    chance.shuffle(posts)
    ledger: Counter[str] = Counter()

    async def come(name: str) -> None:
        answer = await register(crowd, gathering, name)
        assert answer.status_code == 201, answer.text
        ledger[name] += 1

    async def leave() -> None:
        there = [one for one in await registrations(staff, gathering) if one["status"] == "confirmed"]
        for one in chance.sample(there, min(5, len(there))):
            answer = await staff.post(f"/api/events/v1/registrations/{one['id']}/cancellation")
            assert answer.status_code == 200

    patient = httpx.Timeout(60, pool=None)
    async with httpx.AsyncClient(base_url=house.settings.public_url, timeout=patient) as crowd:
        await asyncio.gather(*(come(name) for name in posts), leave(), leave())
    assert len(ledger) == 200 and set(ledger.values()) == {2}
    seen = await registrations(staff, gathering)
    counts = Counter(one["status"] for one in seen)
    assert len(seen) == 200 and counts["confirmed"] == 50
    ranks = sorted(one["rank"] for one in seen if one["status"] == "waiting")
    assert ranks == list(range(1, counts["waiting"] + 1))
    newest: dict[str, dict[str, Any]] = {}
    for word in ("confirmed", "waitlisted", "cancelled"):
        for fact in await journal(house, gathering, f"registration_{word}"):
            known = newest.get(fact["registration_id"])
            if known is None or fact["version"] > known["version"]:
                newest[fact["registration_id"]] = fact
    told = {key for key, fact in newest.items() if fact["status"] == "confirmed"}
    assert told == {one["id"] for one in seen if one["status"] == "confirmed"}, "as the facts tell it"


@pytest.mark.parametrize("state", ["draft", "cancelled", "past"])
async def test_one_cannot_register_to_what_is_closed(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int, state: str
) -> None:
    asked = training(number)
    if state == "past":
        asked["sessions"] = [{"starts_at": "2024-03-12T14:00", "ends_at": "2024-03-12T17:00"}]
    if state == "draft":
        gathering = (await staff.post("/api/events/v1/gatherings", json=asked)).json()
    else:
        gathering = await published(staff, asked)
    if state == "cancelled":
        await staff.post(f"/api/events/v1/gatherings/{gathering['id']}/cancellation", json={"reason": "Salle fermée"})
    answer = await register(client, gathering, "Aline Roux")
    assert answer.status_code == 409
    assert answer.json()["detail"].endswith(("ouvertes.", "closes."))


async def test_the_same_key_gives_the_same_answer_and_another_body_is_a_new_form(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    gathering = await published(staff, training(number, capacity=1))
    address = f"/api/events/v1/gatherings/{gathering['id']}/registrations"
    headers = {"Idempotency-Key": f"cle-{number}"}
    body = {"name": "Aline Roux", "email": "aline@mairie.example"}
    answers = await asyncio.gather(*(client.post(address, json=body, headers=headers) for _ in range(4)))
    assert {answer.text for answer in answers} == {'{"status":"confirmed"}'}
    other = await client.post(address, json=body | {"name": "Bruno Petit"}, headers=headers)
    assert other.json() == {"status": "waiting", "rank": 1}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "<script>alert(1)</script>"),
        ("name", "x" * 201),
        ("name", "Aline\x00Roux"),
        ("email", "aline"),
        ("email", "aline@mairie.example\r\nBcc: x@y.example"),
        ("email", 12),
        ("department", "999"),
        ("country", "XX"),
        ("mode", "hybrid"),
        ("organisation", "x" * 301),
    ],
)
async def test_a_wrong_answer_is_refused_beside_its_field(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int, field: str, value: object
) -> None:
    gathering = await published(staff, training(number))
    answer = await register(client, gathering, "Aline Roux", **{field: value} if field != "name" else {})
    if field == "name":
        body = {"name": value, "email": "aline@mairie.example"}
        answer = await client.post(f"/api/events/v1/gatherings/{gathering['id']}/registrations", json=body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_an_unknown_gathering_is_not_found(client: httpx.AsyncClient) -> None:
    unknown = "/api/events/v1/gatherings/01900000-0000-7000-8000-000000000000"
    for answer in (
        await client.get(unknown),
        await client.post(f"{unknown}/registrations", json={"name": "Aline Roux", "email": "a@b.example"}),
        await client.get("/api/events/v1/gatherings/pas-un-identifiant"),
    ):
        assert answer.status_code == 404
