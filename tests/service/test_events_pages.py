"""The agenda's pages: what people read, the form they fill, the link they get, and what the team does there."""

import csv
import json
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from icalendar import Calendar

from services.embedded import House
from services.events.commands import record_gathering
from services.events.forms import RecordGathering
from shared.web.session import COOKIE, new_session
from tests.service.test_events_gatherings import SEASON
from tests.service.test_events_places import journal, published, register, registrations, training


@pytest.fixture
async def browser(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """The team, signed in with a browser."""
    cookie = house.services["events"].signer.session(new_session("staff", "equipe@reseau.example"))
    async with httpx.AsyncClient(base_url=house.settings.public_url, cookies={COOKIE: cookie}, timeout=20) as made:
        yield made


def key_in(page: str) -> str:
    found = re.search(r'name="_key" value="([^"]+)"', page)
    assert found
    return found[1]


def text_of(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", page))


async def test_a_person_registers_by_the_form_and_reads_what_became_of_it(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    gathering = await published(staff, training(number, capacity=1))
    address = f"/agenda/{gathering['slug']}/inscription"
    page = await client.get(address)
    assert page.status_code == 200
    typed = {"name": "Aline Roux", "email": "aline@mairie.example", "country": "Sénégal", "_key": key_in(page.text)}
    for _ in range(2):
        sent = await client.post(address, data=typed)
        assert sent.status_code == 303
        shown = await client.get(sent.headers["location"])
        assert "Votre place est réservée" in shown.text
    (one,) = await registrations(staff, gathering)
    assert (one["country"], one["status"]) == ("SN", "confirmed")
    sent = await client.post(address, data={"name": "Bruno Petit", "email": "bruno@mairie.example"})
    assert "Vous êtes au rang 1" in (await client.get(sent.headers["location"])).text


async def test_a_form_whose_session_ended_is_kept_and_sent_again(
    browser: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    ours = {"Origin": str(client.base_url).rstrip("/")}
    typed = {
        "title": 'Atelier « "eau" »',
        "description": "Deux lignes\n<b>écrites</b>",
        "kind": "training",
        "themes": ["a", "b"],
    }
    kept = await client.post("/agenda/equipe/nouveau?lang=fr", data=typed | {"_key": "une-cle"}, headers=ours)
    assert (kept.status_code, "Rien n’est perdu" in kept.text) == (401, True)
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', kept.text)
    again = {name: [unescape(value) for at, value in found if at == name] for name, _value in found}
    assert again == {**{name: [value] for name, value in typed.items()}, "themes": ["a", "b"], "_key": ["une-cle"]}
    address = re.search(r'method="post" action="([^"]+)"', kept.text)
    assert address
    sent = await browser.post(unescape(address[1]), data=again, headers=ours)
    assert sent.status_code == 422, "the form itself answers now, with what was typed"
    assert "Deux lignes" in sent.text


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://mal.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_what_another_site_wrote_is_not_kept_for_whoever_signs_in(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.post("/agenda/equipe/nouveau", data={"title": "Piège"}, headers=headers)
    assert (answer.status_code, "Piège" in answer.text) == (303, False)


async def test_errors_stand_beside_their_fields_and_nothing_typed_is_lost(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    gathering = await published(staff, training(number))
    typed = {"name": "Aline Roux", "email": "aline", "country": "Nulle Part", "organisation": "Puits & Partage"}
    answer = await client.post(f"/agenda/{gathering['slug']}/inscription", data=typed)
    assert answer.status_code == 422
    assert "<title>Erreur" in answer.text
    for shown in ('id="email-erreur"', 'id="country-erreur"', 'value="Nulle Part"', 'value="Puits &amp; Partage"'):
        assert shown in answer.text
    assert await registrations(staff, gathering) == []


async def test_a_robot_that_fills_the_trap_is_not_registered(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    gathering = await published(staff, training(number))
    typed = {"name": "Aline Roux", "email": "aline@mairie.example", "site": "https://spam.example"}
    assert (await client.post(f"/agenda/{gathering['slug']}/inscription", data=typed)).status_code == 303
    assert await registrations(staff, gathering) == []


async def test_a_closed_event_says_why_in_place_of_its_form(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    gathering = await published(staff, training(number))
    await staff.post(f"/api/events/v1/gatherings/{gathering['id']}/cancellation")
    address = f"/agenda/{gathering['slug']}/inscription"
    page = await client.get(address)
    assert "Cet événement est annulé" in page.text and "<form method" not in page.text.split("<main")[1]
    sent = await client.post(address, data={"name": "Aline Roux", "email": "aline@mairie.example"})
    assert sent.status_code == 409


async def manage_path(house: House, gathering: dict[str, Any]) -> str:
    (named,) = await journal(house, gathering, "registrant_named")
    return urlsplit(named["manage_url"]).path


async def test_the_link_shows_the_registration_and_only_its_button_cancels(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    gathering = await published(staff, training(number, mode="online", online_url="https://visio.maillage.example/x"))
    await register(client, gathering, "Aline Roux")
    path = await manage_path(house, gathering)
    page = await client.get(path)
    assert "Annuler mon inscription" in page.text and "https://visio.maillage.example/x" in page.text
    entry = Calendar.from_ical((await client.get(f"{path}/calendrier.ics")).text)
    assert entry["method"] == "REQUEST"
    assert [one["status"] for one in await registrations(staff, gathering)] == ["confirmed"]
    for _ in range(2):
        assert (await client.post(path, data={"_key": key_in(page.text)})).status_code == 303
    after = await client.get(path)
    assert "Votre inscription est annulée" in after.text and "https://visio.maillage.example/x" not in after.text
    assert len(await journal(house, gathering, "registrant_left")) == 1


async def test_a_link_changed_by_one_letter_or_meant_for_something_else_opens_nothing(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    gathering = await published(staff, training(number))
    await register(client, gathering, "Aline Roux")
    path = await manage_path(house, gathering)
    other = house.services["events"].signer.issue(
        "registration-result", {"id": (await registrations(staff, gathering))[0]["id"]}
    )
    changed = path[:-1] + ("A" if path[-1] != "A" else "B")
    for wrong in (changed, f"/agenda/inscription/{other}"):
        assert (await client.get(wrong)).status_code == 404
        assert (await client.post(wrong)).status_code == 404
    assert [one["status"] for one in await registrations(staff, gathering)] == ["confirmed"]


async def test_the_page_of_an_event_tells_machines_without_running_what_its_title_says(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    canary = f'Eau {number} "> {{{{7*7}}}} & soleil'
    gathering = await published(
        staff, training(number, title=canary, description="</script><img src=x onerror=alert(1)>")
    )
    page = (await client.get(f"/agenda/{gathering['slug']}")).text
    told = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert told
    linked = json.loads(told[1])
    assert (linked["name"], linked["eventAttendanceMode"].rsplit("/")[-1]) == (canary, "OfflineEventAttendanceMode")
    assert "<img" not in page and "{{7*7}}" in page


async def test_what_a_document_does_not_say_reads_so(client: httpx.AsyncClient, house: House) -> None:
    with (SEASON / "gatherings.csv").open(newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["date"] == "2018-12-14")
    async with house.services["events"].db.transaction() as tx:
        await record_gathering(RecordGathering.model_validate(row), tx)
    slug = re.search(r'href="/agenda/(journee-de-bilan[^"]*)"', (await client.get("/agenda?annee=2018")).text)
    assert slug
    shown = text_of((await client.get(f"/agenda/{slug[1]}")).text)
    assert "vendredi 14 décembre 2018" in shown.lower() and shown.count("non renseigné") >= 4
    assert "S’inscrire" not in shown


async def test_calendars_hold_what_is_published_on_the_clock_of_paris(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    gathering = await published(staff, training(number, themes=["sante"]))
    for address in ("/agenda.ics", "/agenda/theme/sante.ics", f"/agenda/{gathering['slug']}.ics"):
        answer = await client.get(address)
        assert answer.headers["content-type"].startswith("text/calendar")
        assert f"UID:{gathering['id']}@maillage" in answer.text and "TZID=Europe/Paris" in answer.text
    assert (await client.get("/agenda/groupe/inconnu.ics")).status_code == 404
    assert (await client.get("/agenda/inconnu.ics")).status_code == 404


@pytest.mark.parametrize("path", ["/agenda/equipe", "/agenda/equipe/nouveau"])
async def test_the_team_space_asks_others_to_sign_in(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/connexion")


async def test_the_team_writes_publishes_moves_and_counts_without_a_script(
    browser: httpx.AsyncClient, client: httpx.AsyncClient, house: House, number: int
) -> None:
    typed = {"title": f"Réunion {number}", "kind": "meeting", "mode": "in_person", "place": "Mairie, Niort"}
    typed |= {"sessions-0-starts_at": "2031-05-05T14:00", "sessions-0-ends_at": "2031-05-05T16:00"}
    more = await browser.post("/agenda/equipe/nouveau", data=typed | {"_add": "sessions"})
    assert more.status_code == 200 and 'name="sessions-1-starts_at"' in more.text and typed["title"] in more.text
    wrong = await browser.post("/agenda/equipe/nouveau", data=typed | {"sessions-0-ends_at": "2031-05-05T13:00"})
    assert wrong.status_code == 422 and 'id="sessions-0-ends_at-erreur"' in wrong.text
    page = await browser.get("/agenda/equipe/nouveau")
    second = {"sessions-3-starts_at": "2031-05-12T14:00", "sessions-3-ends_at": "2031-05-12T16:00"}
    sent = typed | second | {"_key": key_in(page.text)}
    made = {(await browser.post("/agenda/equipe/nouveau", data=sent)).headers["location"] for _ in range(2)}
    assert len(made) == 1, "the same form sent twice is one draft"
    address = made.pop()
    draft = await browser.get(address)
    assert "2031-05-12T14:00" in draft.text
    assert (await browser.post(f"{address}/publication", data={"_key": key_in(draft.text)})).status_code == 303
    gathering = {"id": address.rsplit("/", 1)[1]}
    await register(client, gathering, "Aline Roux")
    shown = await browser.get(address)
    assert "aline.roux@mairie.example" in shown.text
    moved = {"mode": "online", "online_url": "https://visio.maillage.example/r", "reason": "Verglas"}
    assert (await browser.post(f"{address}/deplacement", data=moved)).status_code == 303
    assert len(await journal(house, gathering, "registrant_told_of_change")) == 1
    early = await browser.post(f"{address}/effectif", data={"n": "12", "precision": "exact", "what": "present"})
    assert early.status_code == 422 and "pas encore eu lieu" in early.text
    counted = {"n": "12", "precision": "about", "what": "registered"}
    assert (await browser.post(f"{address}/effectif", data=counted)).status_code == 303
    assert "environ 12 personnes inscrites" in (await browser.get(address)).text
    assert (await browser.post(f"{address}/annulation", data={"reason": "Tempête"})).status_code == 303
    assert (
        "Tempête"
        in (await client.get(f"/agenda/{(await journal(house, gathering, 'gathering_published'))[0]['slug']}")).text
    )


async def test_the_team_frees_a_place_from_the_list(
    browser: httpx.AsyncClient, client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    gathering = await published(staff, training(number, capacity=1))
    await register(client, gathering, "Aline Roux")
    await register(client, gathering, "Bruno Petit")
    aline = (await registrations(staff, gathering))[0]
    address = f"/agenda/equipe/{gathering['id']}/inscriptions/{aline['id']}/annulation"
    assert (await browser.post(address)).status_code == 303
    assert [one["status"] for one in await registrations(staff, gathering)] == ["cancelled", "confirmed"]


async def test_a_wrong_filter_shows_the_agenda_all_the_same(client: httpx.AsyncClient) -> None:
    assert (await client.get("/agenda?kind=concert&annee=x")).status_code == 200


async def test_the_agenda_is_said_in_english(client: httpx.AsyncClient) -> None:
    page = await client.get("/agenda?lang=en")
    assert "coming event" in page.text and "à venir" not in page.text
