"""The operator's page and the team API behind it: dead letters read, corrected, tried again, dropped; one story."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.embedded import House
from services.observatory.domain import ReplayIncomplete
from services.observatory.replay import replay
from shared.bus.bus import connect
from shared.clock import new_id, now
from shared.contracts import DomainEvent, Envelope, events, registry
from shared.contracts.examples import EXAMPLES
from shared.web.session import new_session
from tests.conftest import Mailbox, anybody, bearer, eventually, standing

PAGE = "/observatoire/equipe/bus"
OBSERVATORY = "/api/observatory/v1/bus"


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house of its own: dead letters and whole figures are looked at."""
    async with standing(tmp_path_factory.mktemp("console")) as here:
        yield here


@pytest.fixture(scope="module")
async def anyone(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with anybody(house) as made:
        yield made


@pytest.fixture(scope="module")
async def team(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with anybody(house) as made:
        made.headers["Authorization"] = bearer(house, "staff")
        yield made


@pytest.fixture(autouse=True)
async def no_letter_left(house: House, team: httpx.AsyncClient) -> AsyncIterator[None]:
    """Each test begins and ends without a dead letter."""
    yield
    for service in house.services:
        found = (await team.get(f"/api/{service}/v1/bus/dead-letters")).json()["items"]
        if found:
            ids = [letter["event_id"] for letter in found]
            await team.post(f"/api/{service}/v1/bus/dead-letters/drops", json={"ids": ids})


async def _closed() -> None:
    return None


async def published(house: House, event: DomainEvent, body: bytes, story: UUID | None = None) -> UUID:
    """What a faulty version of a service would say: `body` under the contract of `event`."""
    client = await connect(house.services[event.service].settings, event.service, _closed)
    envelope = Envelope(new_id(), event.contract(), now(), story or new_id(), None)
    headers = envelope.headers(house.settings.network)
    await client.jetstream().publish(event.subject(house.settings.network), body, stream=event.stream, headers=headers)
    await client.close()
    return envelope.event_id


def organisation() -> registry.OrganisationPublished:
    example = EXAMPLES[registry.OrganisationPublished]
    assert isinstance(example, registry.OrganisationPublished)
    return example.model_copy(update={"organisation_id": new_id(), "slug": f"puits-{new_id()}"})


def without(event: DomainEvent, field: str) -> bytes:
    """The event as JSON, with a needed field left out."""
    said = json.loads(event.model_dump_json(exclude_none=True))
    del said[field]
    return json.dumps(said).encode()


async def held(team: httpx.AsyncClient, service: str, letter: UUID) -> dict[str, Any]:
    """The dead letter, once the service holds it."""

    async def look() -> dict[str, Any] | None:
        answer = await team.get(f"/api/{service}/v1/bus/dead-letters/{letter}")
        return answer.json() if answer.status_code == 200 else None

    return await eventually(look, 15)


async def gone(team: httpx.AsyncClient, service: str, letter: UUID) -> None:
    async def look() -> bool:
        return (await team.get(f"/api/{service}/v1/bus/dead-letters/{letter}")).status_code == 404

    await eventually(look, 15)


async def organisations(anyone: httpx.AsyncClient) -> int:
    answer = await anyone.get("/api/observatory/v1/indicators/organisations")
    return int(answer.json()["value"])


async def test_a_letter_corrected_into_something_invalid_is_refused_and_nothing_is_lost(
    house: House, team: httpx.AsyncClient
) -> None:
    said = organisation()
    letter = await published(house, said, without(said, "name"))
    before = await held(team, "observatory", letter)
    road = f"{OBSERVATORY}/dead-letters/{letter}/correction"
    for body, words in (
        (without(said, "slug").decode(), "slug"),
        ("{", "JSON"),
        ('{"occurred_on": "hier"}', "occurred_on"),
    ):
        answer = await team.post(road, json={"body": body})
        assert answer.status_code == 422, answer.text
        assert words in answer.json()["errors"][0]["message"]
    surrogate = b'{"body": "\\ud800x"}'
    headers = {"Content-Type": "application/json"}
    assert (await team.post(road, content=surrogate, headers=headers)).status_code == 422
    assert (await team.post(road, json={})).status_code == 422
    assert await held(team, "observatory", letter) == before


async def test_a_corrected_letter_is_handled_here_once_and_a_replay_remembers(
    house: House, team: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    said = organisation()
    counted = await organisations(anyone)
    letter = await published(house, said, without(said, "name"))
    await held(team, "observatory", letter)
    await held(team, "mailing", letter)
    on_stream = await stream_length(house)
    right = said.model_dump_json(exclude_none=True)
    answer = await team.post(f"{OBSERVATORY}/dead-letters/{letter}/correction", json={"body": right})
    assert answer.status_code == 200, answer.text
    await gone(team, "observatory", letter)

    async def one_more() -> bool:
        return await organisations(anyone) == counted + 1

    await eventually(one_more, 10)
    db = house.services["observatory"].db
    async with db.reading() as tx:
        marks = await tx.fetchval("SELECT count(*) FROM inbox WHERE event_id = $1", letter)
    assert marks == 1
    assert await stream_length(house) == on_stream, "it was not said again"
    assert (await held(team, "mailing", letter))["state"] == "dead", "the others keep what they received"

    owner = await connect(
        house.settings.model_copy(update={"nats_url": house.system.nats_url("owner")}), "owner", _closed
    )
    await replay(db, owner, house.settings.network, lambda _done, _total: None)
    assert await organisations(anyone) == counted + 1
    async with db.transaction() as tx:
        kept = await tx.fetchrow("DELETE FROM correction WHERE event_id = $1 RETURNING *", letter)
    assert kept is not None
    with pytest.raises(ReplayIncomplete):
        await replay(db, owner, house.settings.network, lambda _done, _total: None)
    async with db.transaction() as tx:
        await tx.execute(
            "INSERT INTO correction VALUES ($1, $2, $3, $4, $5, $6)",
            *(kept[name] for name in kept.keys()),  # noqa: SIM118
        )
    await owner.close()


async def stream_length(house: House) -> int:
    owner = await connect(
        house.settings.model_copy(update={"nats_url": house.system.nats_url("owner")}), "owner", _closed
    )
    told = await owner.jetstream().stream_info("FACTS")
    await owner.close()
    return int(told.state.messages)


async def test_a_personal_letter_stays_about_its_person_and_its_first_text_is_kept_while_it_waits(
    house: House, team: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    said = EXAMPLES[events.RegistrantNamed]
    letter = await published(house, said, without(said, "gathering_title"))
    await held(team, "mailing", letter)
    road = f"/api/mailing/v1/bus/dead-letters/{letter}/correction"
    other = said.model_copy(update={"person_key": "p1" + "0" * 64})
    refused = await team.post(road, json={"body": other.model_dump_json(exclude_none=True)})
    assert refused.status_code == 422
    assert "clé de personne" in refused.json()["detail"]
    async with house.services["mailing"].db.reading() as tx:
        assert await tx.fetchval("SELECT count(*) FROM correction") == 0
    assert (await team.post(road, json={"body": said.model_dump_json(exclude_none=True)})).status_code == 200
    await gone(team, "mailing", letter)
    mail = await Mailbox(anyone).first(str(getattr(said, "email", "")))
    assert mail["subject"]
    async with house.services["mailing"].db.reading() as tx:
        assert await tx.fetchval("SELECT count(*) FROM correction") == 0, "nothing personal is kept"


async def test_a_list_that_holds_one_already_gone_says_so_and_an_unknown_id_is_not_found(
    house: House, team: httpx.AsyncClient
) -> None:
    said = organisation()
    letter, unknown = await published(house, said, b"{}"), new_id()
    await held(team, "observatory", letter)
    await held(team, "mailing", letter)
    for road in ("retries", "drops"):
        address = f"{OBSERVATORY}/dead-letters/{road}"
        both = await team.post(address, json={"ids": [str(letter), str(unknown)]})
        assert both.json() == {"done": [str(letter)], "gone": [str(unknown)]}
        assert (await team.post(address, json={"ids": [str(unknown)]})).status_code == 404
        assert (await team.post(address, json={"ids": []})).status_code == 422
    assert (await team.get(f"{OBSERVATORY}/dead-letters/{letter}")).status_code == 404
    assert (await team.get(f"{OBSERVATORY}/dead-letters/nothing")).status_code == 404


async def test_what_the_bus_holds_is_the_teams_alone(anyone: httpx.AsyncClient, house: House) -> None:
    token = house.services["registry"].signer.session(new_session("facilitator"), "api-token")
    for service in house.services:
        base = f"/api/{service}/v1/bus"
        for path in ("", "/dead-letters", f"/dead-letters/{new_id()}", f"/stories/{new_id()}", "/handled?event_id=x"):
            assert (await anyone.get(base + path)).status_code == 401
            answer = await anyone.get(base + path, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 403
    assert (await anyone.get(PAGE)).status_code == 303
    assert (await anyone.get(PAGE, headers={"Authorization": f"Bearer {token}"})).status_code == 403


async def test_the_page_groups_by_cause_and_acts_on_the_list_that_was_confirmed(
    house: House, team: httpx.AsyncClient
) -> None:
    said = organisation()
    ids = [await published(house, said, without(said, "name")) for _ in range(3)]
    for letter in ids:
        for service in ("observatory", "mailing", "events"):
            await held(team, service, letter)
    page = (await team.get(PAGE)).text
    assert "unreadable: ValidationError, name missing" in page
    assert "9 lettres mortes" in page, "one cause, three letters in each of three services"
    assert all(f"observatory:{letter}" in page for letter in ids)
    chosen = [f"{service}:{letter}" for service in ("observatory", "mailing") for letter in ids]
    await team.post("/api/events/v1/bus/dead-letters/drops", json={"ids": [str(letter) for letter in ids]})
    asked = await team.post(f"{PAGE}/confirmation", data={"action": "drop", "letter": chosen})
    assert asked.status_code == 200
    assert all(str(letter) in asked.text for letter in ids)
    assert "Oublier 6 lettres" in asked.text
    await team.post(f"{OBSERVATORY}/dead-letters/drops", json={"ids": [str(ids[0])]})
    done = await team.post(f"{PAGE}/lettres", data={"action": "drop", "letter": chosen})
    assert done.status_code == 303
    outcome = (await team.get(done.headers["location"])).text
    assert "5 lettres oubliées" in outcome
    assert "1 lettre n’était déjà plus là" in outcome
    assert str(ids[0]) in outcome
    late = await team.post(f"{PAGE}/confirmation", data={"action": "retry", "letter": chosen[0]})
    assert "n’est plus là" in late.text
    assert (await team.get(f"{PAGE}/lettres/observatory/{ids[0]}")).status_code == 404
    assert (await team.get(f"{PAGE}/lettres/nobody/{ids[0]}")).status_code == 404


async def test_the_page_refuses_an_empty_choice_and_an_unreadable_one_in_a_sentence(team: httpx.AsyncClient) -> None:
    for data in ({"action": "drop"}, {"action": "burn", "letter": "x"}, {"action": "drop", "letter": "x:y"}):
        for road in ("confirmation", "lettres"):
            answer = await team.post(f"{PAGE}/{road}", data=data)
            assert answer.status_code == 422
            assert "Cochez au moins une lettre." in answer.text
    assert (await team.get(f"{PAGE}/histoire", params={"id": "pas un identifiant"})).status_code == 422
    assert (await team.get(f"{PAGE}/histoire", params={"id": str(new_id())})).status_code == 404
    assert (await team.get(PAGE, params={"suite": "forged"})).status_code == 200


async def test_a_correction_that_is_refused_comes_back_with_what_was_typed(
    house: House, team: httpx.AsyncClient
) -> None:
    said = organisation()
    letter = await published(house, said, without(said, "name"))
    await held(team, "observatory", letter)
    await held(team, "mailing", letter)
    address = f"{PAGE}/lettres/observatory/{letter}"
    assert "Corriger ce qu’elle dit" in (await team.get(address)).text
    refused = await team.post(address, data={"body": '{"typed": "here"}'})
    assert refused.status_code == 422
    assert "typed" in refused.text
    assert "Cette réponse est nécessaire." in refused.text
    english = await team.post(f"{address}?lang=en", data={"body": '{"typed": "here"}'})
    assert "Correct what it says" in english.text
    assert "Cette réponse" not in english.text
    good = await team.post(address, data={"body": said.model_dump_json(exclude_none=True)})
    assert good.status_code == 303
    assert "Lettre corrigée et relancée" in (await team.get(good.headers["location"])).text
    await gone(team, "observatory", letter)


async def test_a_story_goes_from_the_form_to_the_mail_and_the_figure(
    house: House, team: httpx.AsyncClient, anyone: httpx.AsyncClient
) -> None:
    story = new_id()
    form = {
        "name": "Fontaines du Limousin",
        "college": "associations",
        "kind": "association",
        "commune_code": "33063",
        "themes": ["eau-assainissement-hygiene"],
        "sdgs": [6],
        "countries": ["ML"],
        "description": "Des fontaines et un comité de gestion dans douze villages.",
        "contact_name": "Claire Fontenelle",
        "contact_email": "claire@fontaines.example",
        "consent_listing": True,
    }
    asked = await anyone.post("/api/registry/v1/listing-requests", json=form, headers={"X-Correlation-Id": str(story)})
    assert asked.status_code == 201, asked.text

    async def whole() -> str | None:
        page = (await team.get(f"{PAGE}/histoire", params={"id": str(story)})).text
        return page if "remis au serveur de courrier" in page and "listing-requests" in page else None

    page = await eventually(whole, 20)
    wanted = ["Formulaire reçu par l’annuaire", "Traité par les lettres", "Traité par l’observatoire", "Courriel"]
    assert [words for words in wanted if words not in page] == []
    assert "claire@fontaines.example" not in page
    assert "Fontenelle" not in page
    assert page.index("Formulaire reçu") < page.index("Traité par") < page.index("Courriel")


async def test_a_story_of_a_thousand_facts_is_told_from_its_beginning(house: House, team: httpx.AsyncClient) -> None:
    """A cancelled gathering tells hundreds of people: their facts, and the letters' facts after them."""
    story = new_id()
    for service, contract in (("events", "events.registration_cancelled.v1"), ("mailing", "mailing.letter_sent.v1")):
        async with house.services[service].db.transaction() as tx:
            await tx.executemany(
                """INSERT INTO journal (event_id, stream, contract, subject, correlation_id, recorded_at, stream_seq)
                   VALUES ($1, 'FACTS', $2, 'long.ago', $3, now(), 1)""",
                [(new_id(), contract, story) for _ in range(510)],
            )
    page = await team.get(f"{PAGE}/histoire", params={"id": str(story)})
    assert page.status_code == 200, page.text
    assert "Formulaire reçu par l’agenda" in page.text
    assert "seuls ses premiers faits sont montrés" in page.text


async def test_a_service_that_does_not_answer_is_said_and_the_page_stands(
    house: House, team: httpx.AsyncClient
) -> None:
    state = house.services["observatory"].app.state
    usual = state.settings
    state.settings = usual.model_copy(update={"service_url": "http://127.0.0.1:1"})
    try:
        page = await team.get(PAGE)
        nothing = await team.post(f"{PAGE}/lettres", data={"action": "drop", "letter": f"mailing:{new_id()}"})
        told = (await team.get(nothing.headers["location"])).text
        assert (await team.get(f"{PAGE}/lettres/mailing/{new_id()}")).status_code == 503
    finally:
        state.settings = usual
    assert page.status_code == 200
    assert page.text.count("Pas de réponse") == 4
    assert "rien n’a changé" in told


async def test_the_state_of_the_bus_says_how_far_behind_a_consumer_is(house: House, team: httpx.AsyncClient) -> None:
    said = (await team.get(OBSERVATORY)).json()
    assert said["bus"] == "ok"
    [consumer] = said["consumers"]
    assert consumer["name"] == "observatory-facts"
    service = house.services["observatory"]
    async with service.db.connection() as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE fact IN ACCESS EXCLUSIVE MODE")
        good = organisation()
        async with house.services["registry"].db.transaction() as tx:
            tx.emit(good)

        async def behind() -> dict[str, Any] | None:
            [one] = (await team.get(OBSERVATORY)).json()["consumers"]
            return one if one["pending"] and one["oldest_seconds"] >= 1 else None

        found = await eventually(behind, 15)
        assert found["oldest_seconds"] < 30

    async def level() -> bool:
        [one] = (await team.get(OBSERVATORY)).json()["consumers"]
        return (one["pending"], one["oldest_seconds"]) == (0, 0.0)

    await eventually(level, 15)
