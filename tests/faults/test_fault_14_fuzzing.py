"""Requests made up from every OpenAPI document, against the four services."""

import asyncio
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from services.houses import CARDS
from tests.e2e.apart import Apart
from tests.faults.fuzzing import Judge, schema_at, unbounded
from tests.faults.ledger import open_gathering
from tests.faults.report import Account

PATIENCE = 30


@pytest.fixture(scope="module")
async def known(town: Apart) -> dict[str, str]:
    """Names of real things, so that not every address is unknown."""
    gathering = await open_gathering(town, "Réunion de tout et n’importe quoi", capacity=5)
    registered = await town.client.post(
        f"/api/events/v1/gatherings/{gathering}/registrations",
        json={"name": "Awa Lacoste", "email": "awa@hasard.example"},
    )
    assert registered.status_code == 201
    rows = (await town.staff.get(f"/api/events/v1/gatherings/{gathering}/registrations")).json()["items"]
    request = await town.client.post("/api/registry/v1/listing-requests", json=REQUEST)
    assert request.status_code == 201, request.text
    return {
        "gathering_id": str(gathering),
        "registration_id": rows[0]["id"],
        "request_id": request.json()["id"],
        "indicator_id": "registrations",
    }


REQUEST = {
    "name": "Tout et n’importe quoi",
    "college": "associations",
    "description": "Nous essayons tout ce qui peut s’écrire.",
    "themes": ["eau-assainissement-hygiene"],
    "sdgs": [6],
    "contact_name": "Awa Lacoste",
    "contact_email": "awa@hasard.example",
    "consent_listing": True,
}


@pytest.mark.parametrize("service", sorted(CARDS))
async def test_fault_14_nothing_that_can_be_asked_breaks_a_service_or_its_word(
    town: Apart, account: Account, seed: int, long: bool, known: dict[str, str], service: str
) -> None:
    judge, url = Judge(known), town.services[service].url
    headers = {"Authorization": town.staff.headers["Authorization"]}

    def send(case: Any) -> Any:
        return case.call(base_url=url, headers=headers, timeout=PATIENCE)

    await asyncio.to_thread(lambda: judge.fuzz(schema_at(url, service), send, 150 if long else 2, seed))
    texts = await asyncio.to_thread(lambda: judge.send_nul(schema_at(url, service), send))
    assert judge.faults == [], "\n".join(judge.faults)
    assert town.services[service].alive
    account.figure(f"requests to {service}, answers by status", dict(sorted(judge.statuses.items())))
    account.figure(f"texts of {service} refused with a NUL in them", texts)
    account.figure(f"answers of {service} that broke or were not as documented", 0)


@pytest.mark.parametrize("service", sorted(CARDS))
async def test_fault_14_every_number_that_may_be_asked_has_bounds(town: Apart, service: str) -> None:
    async with httpx.AsyncClient(base_url=town.services[service].url) as client:
        document = (await client.get(f"/api/{service}/openapi.json")).json()
    asked = {"paths": document["paths"], "bodies": _bodies(document)}
    assert sorted(set(unbounded(asked))) == []


def _bodies(document: Any) -> dict[str, Any]:
    """The shapes that a body may take, whatever they hold in turn; those of answers alone are left out."""
    shapes, found = document["components"]["schemas"], {}
    waiting = [one for path in document["paths"].values() for one in _references(_without_answers(path))]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = shapes[name]
            waiting += _references(shapes[name])
    return found


def _without_answers(path: Any) -> Any:
    return [{key: value for key, value in operation.items() if key != "responses"} for operation in path.values()]


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else []
        return own + [name for inner in part.values() for name in _references(inner)]
    return [name for inner in part for name in _references(inner)] if isinstance(part, list) else []


def test_fault_14_control_a_service_without_guards_is_seen(seed: int, account: Account) -> None:
    """Text goes to a database that refuses NUL, a number has no bounds, a refusal is not documented."""
    app = FastAPI()

    @app.post("/texts", response_model=dict[str, str])
    def keep(body: dict[str, str]) -> Any:
        if any("\x00" in text or len(text) > 3 for text in body.values()):
            return JSONResponse({"detail": "invalid byte sequence for encoding UTF8"}, 500)
        return body

    @app.get("/numbers/{number}", response_model=dict[str, int])
    def read(number: int) -> Any:
        return JSONResponse({"number": "a lot"} if number > 2**31 else {"number": number})

    judge = Judge()

    def send(case: Any) -> Any:
        return case.call(app=app)

    judge.fuzz(schemathesis.openapi.from_asgi("/openapi.json", app), send, 30, seed)
    assert any("500" in fault for fault in judge.faults), judge.faults
    assert list(unbounded(app.openapi()["paths"])) != []
    account.did(
        "schemathesis makes up requests from each service's OpenAPI, half of them about things that exist; "
        "every text of every body is sent once with a NUL."
    )
    account.control(f"a service without guards: the judge saw {len(judge.faults)} faults, and a number without bounds.")
    account.limit("operations are fuzzed one by one, by the team's token; chains of them are the other tests'.")
