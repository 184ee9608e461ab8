"""The story of the main job, by the API, with four processes that share nothing but facts."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.bus.bus import connect
from shared.clock import new_id, now
from shared.contracts import FACTS, DomainEvent, Envelope
from shared.contracts.examples import EXAMPLES
from shared.contracts.registry import OrganisationPublished
from shared.settings import SERVICES, Settings
from shared.web.session import Signer
from tests.conftest import eventually
from tests.e2e.apart import Apart, apart
from tests.e2e.letters import calendar_of, link_in, press_the_button

AT_ONCE = 5
"""Seconds within which a fact shows elsewhere."""

LISTING = {
    "name": "Atlantique Solidarité Villages",
    "acronym": "ASV",
    "college": "associations",
    "kind": "association",
    "commune_code": "33063",
    "description": "Des puits, des latrines et un comité de gestion dans douze villages de la région de Kayes.",
    "themes": ["eau-assainissement-hygiene"],
    "sdgs": [6, 17],
    "countries": ["ML"],
    "needs": ["partners"],
    "contact_name": "Claire Fontenelle",
    "contact_role": "présidente",
    "contact_email": "claire@villages.example",
    "consent_listing": True,
}


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Apart]:
    async with apart(tmp_path_factory.mktemp("apart")) as here:
        yield here


async def said(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
    body: dict[str, Any] = answer.json()
    return body


async def figure(house: Apart, indicator: str, **asked: str | int) -> int:
    answer = await house.client.get(f"/api/observatory/v1/indicators/{indicator}", params=asked)
    return int((await said(answer, 200))["value"])


async def published_listing(house: Apart, **changes: object) -> dict[str, Any]:
    """A structure that asked to be listed and that the team published."""
    form = LISTING | changes
    asked = await said(await house.client.post("/api/registry/v1/listing-requests", json=form), 201)
    assert asked["status"] == "requested"
    return await said(await house.staff.post(f"/api/registry/v1/listing-requests/{asked['id']}/publication"), 200)


async def published_gathering(house: Apart, **changes: object) -> dict[str, Any]:
    """A training in twenty days, in the agenda."""
    start = (now() + timedelta(days=20)).replace(hour=9, minute=0, second=0, microsecond=0)
    form = {
        "title": "Monter un projet de solidarité internationale",
        "kind": "training",
        "mode": "in_person",
        "sessions": [{"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=3)).isoformat()}],
        "capacity": 2,
        "place": "Maison des associations, Bordeaux",
    } | changes
    draft = await said(await house.staff.post("/api/events/v1/gatherings", json=form), 201)
    assert draft["status"] == "draft"
    published = await house.staff.post(f"/api/events/v1/gatherings/{draft['id']}/publication")
    assert published.is_success, published.text
    return draft


async def registered(house: Apart, gathering: dict[str, Any], name: str, email: str) -> dict[str, Any]:
    form = {"name": name, "email": email, "department": "33"}
    answer = await house.client.post(f"/api/events/v1/gatherings/{gathering['id']}/registrations", json=form)
    return await said(answer, 201)


async def subscribed(house: Apart, email: str, **changes: object) -> None:
    """A person who asked for the letter and pressed the button of the page that the mail leads to."""
    asked = await house.client.post("/api/mailing/v1/subscriptions", json={"email": email, "topics": []} | changes)
    assert asked.status_code == 202, asked.text
    mail = await house.mailbox.first(email)
    await press_the_button(house.client, link_in(mail, "/lettres/confirmation/"))


@pytest.mark.parametrize("service", SERVICES)
async def test_each_process_is_ready_and_its_bus_makes_the_round_trip(house: Apart, service: str) -> None:
    async with httpx.AsyncClient(base_url=house.services[service].url) as client:

        async def on_the_bus() -> bool:
            answer = await client.get(f"/{service}/health/ready")
            return answer.status_code == 200 and answer.json()["bus"] == "ok"

        assert await eventually(on_the_bus, 15)


async def test_a_structure_asks_is_published_and_is_in_the_directory(house: Apart) -> None:
    before = await figure(house, "organisations")
    await published_listing(house)

    async def listed() -> list[dict[str, Any]]:
        answer = await house.client.get("/api/registry/v1/organisations", params={"q": "village", "department": "33"})
        return [one for one in (await said(answer, 200))["items"] if one["name"] == LISTING["name"]]

    async def counted() -> bool:
        return await figure(house, "organisations") == before + 1

    [found] = await eventually(listed, AT_ONCE)
    assert (await house.client.get(f"/annuaire/{found['slug']}")).status_code == 200
    assert await eventually(counted, AT_ONCE)
    assert await figure(house, "organisations", by="department") >= 1


async def test_the_address_of_a_request_is_confirmed_by_one_button(house: Apart) -> None:
    form = LISTING | {"name": "Comité de jumelage de Guéret", "contact_email": "jumelage@gueret.example"}
    await said(await house.client.post("/api/registry/v1/listing-requests", json=form), 201)
    mail = await house.mailbox.first("jumelage@gueret.example")
    await press_the_button(house.client, link_in(mail, "/annuaire/confirmation/"))
    follow = await house.client.get(link_in(mail, "/annuaire/demande/"))
    assert follow.status_code == 200
    assert "Comité de jumelage de Guéret" in follow.text


async def test_a_request_is_asked_for_more_then_refused_and_its_contact_is_told_why(house: Apart) -> None:
    form = LISTING | {"name": "Les Amis du Fleuve", "contact_email": "amis@fleuve.example"}
    asked = await said(await house.client.post("/api/registry/v1/listing-requests", json=form), 201)
    request = f"/api/registry/v1/listing-requests/{asked['id']}"
    question = "Dans quel pays agissez-vous en 2026 ?"
    assert (await house.staff.post(f"{request}/information", json={"message": question})).is_success
    await eventually(lambda: _says(house, "amis@fleuve.example", question), 10)
    reason = "Votre siège est hors de la région."
    assert (await house.staff.post(f"{request}/refusal", json={"reason": reason})).is_success
    await eventually(lambda: _says(house, "amis@fleuve.example", reason), 10)
    assert (await house.staff.post(f"{request}/publication")).status_code == 409


async def _says(house: Apart, address: str, words: str) -> bool:
    return any(words in (mail["text"] or "") for mail in await house.mailbox.to(address))


async def test_people_register_the_training_moves_and_a_place_is_freed(house: Apart) -> None:
    gathering = await published_gathering(house)
    people = [
        ("Awa Diallo", "awa@un.example"),
        ("Marc Lestrade", "marc@deux.example"),
        ("Inès Roy", "ines@trois.example"),
    ]
    places = [await registered(house, gathering, name, email) for name, email in people]
    assert [place["status"] for place in places] == ["confirmed", "confirmed", "waiting"]
    assert places[2]["rank"] == 1
    assert (await registered(house, gathering, *people[0]))["status"] == "confirmed"

    first = await house.mailbox.first("awa@un.example")
    [event, *_] = calendar_of(house.system.mailbox, first).walk("VEVENT")
    assert event["SEQUENCE"] == 0
    moved = await house.staff.post(
        f"/api/events/v1/gatherings/{gathering['id']}/relocation",
        json={"mode": "online", "online_url": "https://visio.example/projet"},
    )
    assert moved.is_success, moved.text

    async def told() -> dict[str, Any] | None:
        return next((one for one in await house.mailbox.to("awa@un.example") if one["id"] != first["id"]), None)

    [again, *_] = calendar_of(house.system.mailbox, await eventually(told, 10)).walk("VEVENT")
    assert again["UID"] == event["UID"]
    assert again["SEQUENCE"] == 1

    await press_the_button(house.client, link_in(first, "/agenda/inscription/"))

    async def promoted() -> bool:
        answer = await house.staff.get(f"/api/events/v1/gatherings/{gathering['id']}/registrations")
        states = {one["email"]: one["status"] for one in (await said(answer, 200))["items"]}
        return (states["awa@un.example"], states["ines@trois.example"]) == ("cancelled", "confirmed")

    assert await eventually(promoted, AT_ONCE)
    await eventually(lambda: _mails(house, "ines@trois.example", 2), 10)


async def _mails(house: Apart, address: str, least: int) -> bool:
    return len(await house.mailbox.to(address)) >= least


async def test_a_cancelled_training_tells_everyone_and_refuses_newcomers(house: Apart) -> None:
    gathering = await published_gathering(house, title="Rechercher des financements")
    await registered(house, gathering, "Luc Marchand", "luc@annule.example")
    await house.mailbox.first("luc@annule.example")
    answer = await house.staff.post(
        f"/api/events/v1/gatherings/{gathering['id']}/cancellation", json={"reason": "Le formateur est souffrant."}
    )
    assert answer.is_success, answer.text
    await eventually(lambda: _mails(house, "luc@annule.example", 2), 10)
    calendar = calendar_of(house.system.mailbox, (await house.mailbox.to("luc@annule.example"))[0])
    assert calendar["METHOD"] == "CANCEL"
    late = await house.client.post(
        f"/api/events/v1/gatherings/{gathering['id']}/registrations",
        json={"name": "Trop Tard", "email": "tard@annule.example"},
    )
    assert late.status_code == 409


async def test_a_reader_subscribes_gets_the_letter_and_leaves_by_one_click(house: Apart) -> None:
    readers = await figure(house, "subscribers")
    letters = await figure(house, "letters-sent")
    await published_listing(house, name="Lire et Bâtir", contact_email="lire@batir.example")
    await published_gathering(
        house, title="Webinaire eau", kind="webinar", mode="online", online_url="https://v.example/"
    )
    await subscribed(house, "lectrice@lettre.example", department="33")

    async def one_more_reader() -> bool:
        return await figure(house, "subscribers") == readers + 1

    assert await eventually(one_more_reader, AT_ONCE)
    campaign = await drafted(house)
    approved = await house.staff.post(f"/api/mailing/v1/campaigns/{campaign['id']}/approval", json={})
    assert approved.is_success, approved.text

    async def letter() -> dict[str, Any] | None:
        mails = await house.mailbox.to("lectrice@lettre.example")
        return next((one for one in mails if "List-Unsubscribe" in one["headers"]), None)

    mail = await eventually(letter, 15)
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["text"] and mail["html"]

    async def letters_counted() -> bool:
        return await figure(house, "letters-sent") > letters

    assert await eventually(letters_counted, AT_ONCE)
    leave = mail["headers"]["List-Unsubscribe"].strip("<>")
    assert (await house.client.get(leave)).status_code == 200
    assert await figure(house, "subscribers") == readers + 1
    async with httpx.AsyncClient() as mail_provider:
        gone = await mail_provider.post(leave, data={"List-Unsubscribe": "One-Click"})
    assert gone.is_success, gone.text

    async def one_reader_less() -> bool:
        return await figure(house, "subscribers") == readers

    assert await eventually(one_reader_less, AT_ONCE)


async def drafted(house: Apart) -> dict[str, Any]:
    """The newsletter, drafted once mailing has heard of something new."""

    async def draft() -> dict[str, Any] | None:
        answer = await house.staff.post("/api/mailing/v1/campaigns", json={"kind": "newsletter"})
        return answer.json() if answer.status_code == 201 else None

    return await eventually(draft, AT_ONCE)


async def test_registrations_are_counted_and_opened_on_their_facts(house: Apart) -> None:
    before = await figure(house, "registrations")
    gathering = await published_gathering(house, title="Réunion du groupe eau", kind="meeting", capacity=10)
    for person in ("Jeanne Tauzin", "Omar Bensaïd", "Lise Peyron"):
        await registered(house, gathering, person, f"{person.split()[0].lower()}@groupe.example")

    async def three_more() -> bool:
        return await figure(house, "registrations") == before + 3

    assert await eventually(three_more, AT_ONCE)
    opened = await said(await house.client.get("/api/observatory/v1/indicators/registrations/facts"), 200)
    assert opened["total"] >= 3
    assert "groupe.example" not in str(opened)


async def test_a_partner_reads_a_dashboard_by_the_address_that_the_command_printed(house: Apart) -> None:
    printed = await house.command(
        "dashboard", "create", "--partner", "Agence de l’eau Adour-Garonne", "--department", "33"
    )
    address = printed.splitlines()[-1]
    assert address.startswith(house.url)
    page = await house.client.get(address)
    assert page.status_code == 200
    assert "Agence de l’eau Adour-Garonne" in page.text
    changed = address[:-1] + ("A" if address[-1] != "A" else "B")
    assert (await house.client.get(changed)).status_code in (404, 410)


async def test_a_revoked_dashboard_is_closed(house: Apart) -> None:
    form = {"partner": "Région Nouvelle-Aquitaine", "departments": ["33"]}
    made = await said(await house.staff.post("/api/observatory/v1/dashboards", json=form), 201)
    assert (await house.client.get(made["url"])).status_code == 200
    revoked = await house.staff.post(f"/api/observatory/v1/dashboards/{made['id']}/revocation")
    assert revoked.is_success, revoked.text
    assert (await house.client.get(made["url"])).status_code in (404, 410)


TEAM_ONLY = [
    ("GET", "/api/registry/v1/listing-requests"),
    ("POST", "/api/registry/v1/listing-requests/0190b7a0-0000-7000-8000-000000000000/publication"),
    ("POST", "/api/registry/v1/listing-requests/0190b7a0-0000-7000-8000-000000000000/refusal"),
    ("POST", "/api/events/v1/gatherings"),
    ("POST", "/api/events/v1/gatherings/0190b7a0-0000-7000-8000-000000000000/publication"),
    ("GET", "/api/events/v1/gatherings/0190b7a0-0000-7000-8000-000000000000/registrations"),
    ("GET", "/api/mailing/v1/campaigns"),
    ("POST", "/api/mailing/v1/campaigns"),
    ("POST", "/api/mailing/v1/campaigns/0190b7a0-0000-7000-8000-000000000000/approval"),
    ("GET", "/api/observatory/v1/dashboards"),
    ("POST", "/api/observatory/v1/dashboards"),
]


@pytest.mark.parametrize(("method", "path"), TEAM_ONLY)
async def test_what_is_the_teams_is_refused_to_others(house: Apart, method: str, path: str) -> None:
    assert (await house.client.request(method, path, json={})).status_code in (401, 403)
    forged = {"Authorization": "Bearer " + house.staff.headers["Authorization"].split()[1][:-1] + "!"}
    assert (await house.client.request(method, path, json={}, headers=forged)).status_code in (401, 403)


async def test_a_token_revoked_by_the_operator_is_refused_by_all_four(house: Apart) -> None:
    token = (await house.command("token", "create", "--role", "staff")).splitlines()[-1]
    session = Signer(house.operator["MAILLAGE_SECRET"]).read_session(token, "api-token")
    assert session is not None
    routes = [path for method, path in TEAM_ONLY if method == "GET"]
    headers = {"Authorization": f"Bearer {token}"}

    async def answers() -> set[int]:
        return {(await house.client.get(path, headers=headers)).status_code for path in routes}

    assert not {401, 403} & await answers()
    await house.command("token", "revoke", str(session.token_id))

    async def refused() -> bool:
        return await answers() == {401}

    assert await eventually(refused, 10)


async def test_an_operator_corrects_a_dead_letter_by_command_and_sees_the_rest_on_one_page(house: Apart) -> None:
    before = await figure(house, "organisations")
    said = EXAMPLES[OrganisationPublished]
    letter = str(await said_wrong(house, said))
    services = {"events", "mailing", "observatory"}

    async def listed() -> bool:
        lines = (await house.command("dead-letters", "list", "--json")).splitlines()
        return {json.loads(line)["service"] for line in lines} == services

    await eventually(listed, 15)
    causes = [json.loads(line) for line in (await house.command("dead-letters", "causes", "--json")).splitlines()]
    assert {one["cause"] for one in causes} == {"unreadable: ValidationError, name missing"}
    page = (await house.staff.get("/observatoire/equipe/bus")).text
    assert "3 lettres mortes" in page
    assert "Pas de réponse" not in page
    file = house.folder / "corrected.json"
    file.write_text('{"name": "sans le reste"}')
    with pytest.raises(AssertionError, match="Cette réponse est nécessaire"):
        await house.command("dead-letters", "edit", letter, str(file))
    file.write_text(said.model_dump_json(exclude_none=True))
    assert "3 edited" in await house.command("dead-letters", "edit", letter, str(file))

    async def handled() -> bool:
        return await figure(house, "organisations") == before + 1

    await eventually(handled, AT_ONCE)
    with pytest.raises(AssertionError, match="Aucune lettre morte"):
        await house.command("dead-letters", "drop", letter)


async def said_wrong(house: Apart, said: DomainEvent) -> UUID:
    """What a faulty registry would say: a structure without its name."""
    settings = Settings(
        nats_url=house.environments["registry"]["MAILLAGE_NATS_URL"],
        nats_user="registry",
        nats_password=house.environments["registry"]["MAILLAGE_NATS_PASSWORD"],
    )

    async def closed() -> None:
        return None

    client = await connect(settings, "registry", closed)
    envelope = Envelope(new_id(), said.contract(), now(), new_id(), None)
    body = {name: value for name, value in json.loads(said.model_dump_json()).items() if name != "name"}
    await client.jetstream().publish(
        said.subject(settings.network), json.dumps(body).encode(), stream=FACTS, headers=envelope.headers("x")
    )
    await client.close()
    return envelope.event_id


async def test_journals_streams_and_figures_agree_at_the_end(house: Apart) -> None:
    async def agree() -> bool:
        try:
            await house.command("verify")
        except AssertionError:
            return False
        return True

    assert await eventually(agree, 30)
    assert (await house.command("dead-letters", "list", "--json")) == ""
