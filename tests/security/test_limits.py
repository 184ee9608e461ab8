"""How often is too often: a client, a sender, a partner's key; the page keeps what was typed and says when."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from starlette.requests import Request

from services.embedded import House
from shared.web.admission import Admission, Rates, client_of
from shared.web.proof import Proofs
from tests.security.asking import header_faults
from tests.security.settled import Settled, asked

FORMS = {
    "/connexion": {"email": "personne@puits.example"},
    "/annuaire/demande": {"email": "personne@puits.example"},
    "/annuaire/groupes/togo": {"email": "personne@puits.example", "name": "Aline Roux"},
    "/donnees-personnelles": {"email": "personne@puits.example"},
    "/lettres": {"email": "personne@puits.example", "topics": "newsletter"},
    "/agenda/{events slug}/inscription": {"email": "personne@puits.example", "name": "Aline Roux"},
}


@contextmanager
def rated(house: House, **rates: str) -> Iterator[None]:
    """The services with other rates, and counts that begin."""
    before = {name: service.app.state.admission for name, service in house.services.items()}
    for name, service in house.services.items():
        service.app.state.admission = Admission(Rates.model_validate(rates), Proofs(service.settings.secret, name))
    try:
        yield
    finally:
        for name, service in house.services.items():
            service.app.state.admission = before[name]


async def post(client: httpx.AsyncClient, path: str, typed: dict[str, Any], seen_from: str) -> httpx.Response:
    return await client.post(path, data=typed, headers={"X-Forwarded-For": seen_from})


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("rate", ["rate_client", "rate_sender", "rate_without_proof"])
async def test_a_form_too_many_is_refused_with_what_was_typed_and_when_to_come_back(
    house: House, client: httpx.AsyncClient, settled: Settled, path: str, rate: str
) -> None:
    address, typed = path.replace("{events slug}", settled.words["events slug"]), FORMS[path]
    with rated(house, **{rate: "2/hour"}):
        for _ in range(2):
            assert (await post(client, address, typed, "203.0.113.7")).status_code == 303
        refused = await post(client, address, typed, "203.0.113.7")
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 3600
        assert "Trop d’envois en peu de temps" in refused.text
        assert "Votre formulaire n’est pas parti" in refused.text
        assert typed["email"] in refused.text
        assert header_faults(refused) == []
        english = await post(client, f"{address}?lang=en", typed, "203.0.113.7")
        assert "Too many forms in a short time" in english.text


async def test_a_sender_is_counted_wherever_it_sends_from_and_a_client_whoever_it_names(
    house: House, client: httpx.AsyncClient
) -> None:
    with rated(house, rate_sender="2/hour"):
        sent = [await post(client, "/lettres", FORMS["/lettres"], f"203.0.113.{n}") for n in range(3)]
        written = await post(client, "/lettres", {"email": " PERSONNE@puits.example"}, "203.0.113.9")
        other = await post(client, "/lettres", {"email": "autre@puits.example"}, "203.0.113.1")
        assert [one.status_code for one in (*sent, written, other)] == [303, 303, 429, 429, 303]
    with rated(house, rate_client="2/hour"):
        sent = [await post(client, "/lettres", {"email": f"une{n}@puits.example"}, "203.0.113.7") for n in range(3)]
        other = await post(client, "/lettres", {"email": "deux@puits.example"}, "203.0.113.8")
        assert [one.status_code for one in (*sent, other)] == [303, 303, 429, 303]


async def test_this_machine_is_not_counted(house: House, client: httpx.AsyncClient) -> None:
    with rated(house, rate_client="1/hour", rate_sender="1/hour", rate_without_proof="1/hour"):
        for headers in ({}, {"X-Forwarded-For": "127.0.0.1"}, {"X-Forwarded-For": "::1"}):
            for _ in range(3):
                sent = await client.post("/lettres", data=FORMS["/lettres"], headers=headers)
                assert sent.status_code == 303


async def test_a_form_of_several_steps_keeps_its_draft_when_it_is_too_many(
    house: House, client: httpx.AsyncClient
) -> None:
    typed = asked("trop") | {"_step": "1", "name": "Puits trop souvent demandé"}
    with rated(house, rate_client="1/hour"):
        assert (await post(client, "/annuaire/referencement", typed, "203.0.113.7")).status_code == 303
        refused = await post(client, "/annuaire/referencement", typed, "203.0.113.7")
        assert refused.status_code == 429
        assert 'value="Puits trop souvent demandé"' in refused.text
    with rated(house, rate_without_proof="1/hour"):
        whole = asked("trop") | {"_step": "4", "name": "Puits trop souvent envoyé"}
        sent = [await post(client, "/annuaire/referencement", whole, "203.0.113.7") for _ in range(2)]
        assert [one.status_code for one in sent] == [303, 429]
        assert 'id="contact_email"' in sent[1].text, "the step whose button was pressed"


async def test_the_api_and_what_is_only_read_are_not_counted(house: House, client: httpx.AsyncClient) -> None:
    with rated(house, rate_client="1/hour", rate_sender="1/hour", rate_without_proof="1/hour"):
        for _ in range(3):
            body = {"email": "api@puits.example"}
            there = {"X-Forwarded-For": "203.0.113.7"}
            made = await client.post("/api/mailing/v1/subscriptions", json=body, headers=there)
            assert made.status_code == 202
            assert (await client.get("/lettres", headers=there)).status_code == 200


async def test_a_partner_key_is_counted_by_itself(house: House, client: httpx.AsyncClient, settled: Settled) -> None:
    there = {"X-Forwarded-For": "203.0.113.7"}
    page = f"/observatoire/partenaire/{settled.words['observatory key']}"
    other = f"/observatoire/partenaire/{settled.words['observatory other key']}"
    with rated(house, rate_key="2/minute"):
        seen = [(await client.get(page, headers=there)).status_code for _ in range(2)]
        refused = await client.get(page, headers=there)
        assert [*seen, refused.status_code] == [200, 200, 429]
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert header_faults(refused) == []
        assert (await client.get(other, headers=there)).status_code == 200
        assert (await client.get(page)).status_code == 200, "this machine"
        await client.get(f"/observatoire/partenaire/{'a' * 7_000}", headers=there)
        counted = vars(house.services["observatory"].app.state.admission._counts.storage)["storage"]
        assert counted and max(map(len, counted)) < 200, "who guesses with long words fills no memory"


@pytest.mark.parametrize(
    ("peer", "said", "trusted", "found"),
    [
        ("203.0.113.7", [], "", "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "127.0.0.1", "203.0.113.7"),  # nobody's gateway
        ("127.0.0.1", ["198.51.100.1"], "127.0.0.1", "198.51.100.1"),
        ("127.0.0.1", ["127.0.0.1, 198.51.100.1"], "127.0.0.1", "198.51.100.1"),  # forged before the gateway
        ("10.0.0.2", ["198.51.100.1, 10.0.0.9"], "10.0.0.0/8", "198.51.100.1"),  # two gateways
        ("10.0.0.2", ["198.51.100.1", "10.0.0.9"], "10.0.0.0/8", "198.51.100.1"),  # on two lines
        ("10.0.0.2", ["not an address"], "10.0.0.0/8", "10.0.0.2"),
        ("10.0.0.2", [], "10.0.0.0/8", "10.0.0.2"),
        ("::ffff:127.0.0.1", ["2001:db8::1"], "127.0.0.1", "2001:db8::1"),
    ],
)
def test_a_client_is_believed_as_far_as_our_own_gateways_say(
    peer: str, said: list[str], trusted: str, found: str
) -> None:
    headers = [(b"x-forwarded-for", one.encode()) for one in said]
    request = Request({"type": "http", "client": (peer, 1), "headers": headers})
    assert str(client_of(request, Rates(trusted_proxies=trusted).trusted)) == found


async def test_a_home_of_ipv6_is_counted_as_one(house: House, client: httpx.AsyncClient) -> None:
    with rated(house, rate_client="1/hour"):
        sent = [await post(client, "/lettres", FORMS["/lettres"], one) for one in ("2001:db8::1", "2001:db8::2")]
        other = await post(client, "/lettres", FORMS["/lettres"], "2001:db8:0:1::1")
        assert [one.status_code for one in (*sent, other)] == [303, 429, 303]


@pytest.mark.parametrize("wrong", [{"rate_client": "often"}, {"trusted_proxies": "gateway"}])
def test_a_rate_or_a_gateway_that_means_nothing_stops_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Rates.model_validate(wrong)


@pytest.fixture(autouse=True)
async def _after(house: House) -> AsyncIterator[None]:
    yield
    assert house.services["mailing"].app.state.admission.rates == Rates()
