"""The registry’s pages without a script: the queue and accounts, signing in, groups, the watch, the directory."""

import json
import re
from collections.abc import AsyncIterator
from html import unescape

import httpx
import pytest

from services.embedded import House
from services.registry.commands import record_group, record_organisations
from services.registry.forms import RecordGroup, RecordOrganisation
from shared.web.session import COOKIE, new_session
from tests.service.test_registry_form import QUEUE, key_in, path_of, text_of, told
from tests.service.test_registry_listing import REQUESTS, asked, published


@pytest.fixture
async def browser(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """The team, signed in with a browser."""
    cookie = house.services["registry"].signer.session(new_session("staff", "equipe@reseau.example"))
    async with httpx.AsyncClient(base_url=house.settings.public_url, cookies={COOKIE: cookie}, timeout=20) as made:
        yield made


async def test_the_team_publishes_from_its_queue_over_a_known_sheet(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, browser: httpx.AsyncClient, number: int
) -> None:
    known = await published(staff, client, asked(number, name=f"Ancien nom {number}"))
    made = (await client.post(REQUESTS, json=asked(number, name=f"Nouveau nom {number}"))).json()
    queue = await browser.get(QUEUE)
    assert f"Nouveau nom {number}" in queue.text
    address = f"{QUEUE}/demandes/{made['id']}"
    page = await browser.get(address)
    assert f"awa{number}@puits-partage.example" in page.text
    typed = {"college": "collectivites", "organisation_id": known["organisation_id"], "_key": key_in(page.text)}
    for _ in range(2):
        sent = await browser.post(f"{address}/publication", data=typed)
        assert sent.status_code == 303
    found = (await client.get(f"/api/registry/v1/organisations/{known['slug']}")).json()
    assert (found["name"], found["college"]) == (f"Nouveau nom {number}", "collectivites")


async def test_a_refusal_without_its_reason_is_asked_again(
    client: httpx.AsyncClient, browser: httpx.AsyncClient, number: int
) -> None:
    made = (await client.post(REQUESTS, json=asked(number))).json()
    sent = await browser.post(f"{QUEUE}/demandes/{made['id']}/refus", data={"reason": ""})
    assert sent.status_code == 422
    assert re.search('id="reason"[^>]*aria-invalid="true"', sent.text)


@pytest.mark.parametrize(
    "path", ["", "/structures", "/veille", "/comptes", "/demandes/019401f0-0000-7000-8000-000000000001"]
)
async def test_the_team_space_sends_strangers_to_sign_in(client: httpx.AsyncClient, path: str) -> None:
    sent = await client.get(QUEUE + path)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/connexion")


async def test_a_sign_in_link_opens_once_and_signing_out_ends_the_session_everywhere(
    client: httpx.AsyncClient, house: House
) -> None:
    email = house.settings.team_email
    page = await client.get("/connexion")
    for address in (email, "personne@ailleurs.example"):
        sent = await client.post("/connexion", data={"email": address, "_key": key_in(page.text)})
        assert (sent.status_code, sent.headers["location"]) == (303, "/connexion?demandee=1")
    assert await told(house, "sign_in_link_asked", "personne@ailleurs.example") == []
    link = path_of((await told(house, "sign_in_link_asked", email))[0]["sign_in_url"])
    assert "set-cookie" not in (await client.get(link)).headers
    async with httpx.AsyncClient(base_url=house.settings.public_url) as mine:
        sent = await mine.post(link)
        cookie = sent.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert (await mine.get(QUEUE)).status_code == 200
        kept = dict(mine.cookies)
        assert (await mine.post("/deconnexion")).status_code == 303
        assert (await mine.get(QUEUE)).status_code == 303
    assert (await client.post(link)).status_code == 404
    async with httpx.AsyncClient(base_url=house.settings.public_url, cookies=kept) as stolen:
        assert (await stolen.get(QUEUE)).status_code == 303


async def test_an_administrator_gives_access_and_takes_it_back(
    client: httpx.AsyncClient, browser: httpx.AsyncClient, house: House, number: int
) -> None:
    email = f"collegue{number}@reseau.example"
    typed = {"email": email, "role": "staff"}
    assert (await browser.post(f"{QUEUE}/comptes", data=typed)).status_code == 403
    cookie = house.services["registry"].signer.session(new_session("administrator", house.settings.team_email))
    async with httpx.AsyncClient(base_url=house.settings.public_url, cookies={COOKIE: cookie}) as administrator:
        assert (await administrator.post(f"{QUEUE}/comptes", data=typed)).status_code == 303
        assert email in (await administrator.get(f"{QUEUE}/comptes")).text
        await client.post("/connexion", data={"email": email})
        link = path_of((await told(house, "sign_in_link_asked", email))[0]["sign_in_url"])
        assert (await administrator.post(f"{QUEUE}/comptes/retrait", data={"email": email})).status_code == 303
    assert (await client.post(link)).status_code == 404


async def test_a_group_is_joined_and_left_by_the_links_of_its_mails(
    client: httpx.AsyncClient, house: House, number: int
) -> None:
    slug, email = f"togo-{number}", f"membre{number}@lavoirs.example"
    async with house.services["registry"].db.transaction() as tx:
        await record_group(RecordGroup(name=f"Togo {number}", slug=slug, kind="country_group", countries=["TG"]), tx)
    address = f"/annuaire/groupes/{slug}"
    page = await client.get(address)
    assert "Rejoindre ce groupe" in page.text
    assert (await client.post(address, data={"name": "Aline Roux", "email": "aline"})).status_code == 422
    sent = await client.post(address, data={"name": "Aline Roux", "email": email, "_key": key_in(page.text)})
    assert "Un courriel vous a été envoyé" in (await client.get(sent.headers["location"])).text
    join = path_of((await told(house, "group_join_asked", email))[0]["confirmation_url"])
    await client.get(join)
    assert await told(house, "group_member_named", email) == []
    for _ in range(2):
        assert (await client.post(join)).status_code == 303
    (member,) = await told(house, "group_member_named", email)
    groups = (await client.get("/api/registry/v1/groups")).json()["items"]
    assert [one["members"] for one in groups if one["slug"] == slug] == [1]
    leave = path_of(member["leave_url"])
    assert "Quitter" in (await client.get(leave)).text
    assert (await client.post(leave)).status_code == 303
    groups = (await client.get("/api/registry/v1/groups")).json()["items"]
    assert [one["members"] for one in groups if one["slug"] == slug] == [0]


async def test_the_same_address_twice_is_one_watch_item(browser: httpx.AsyncClient, number: int) -> None:
    typed = {"watch_class": "funding", "title": f"Appel {number}", "url": f"https://appels.example/{number}"}
    page = await browser.get(f"{QUEUE}/veille")
    sent = await browser.post(f"{QUEUE}/veille", data=typed | {"_key": key_in(page.text)})
    assert sent.status_code == 303
    again = await browser.post(f"{QUEUE}/veille", data=typed | {"title": "Le même"})
    assert again.status_code == 409
    assert "déjà dans la veille" in again.text
    assert 'value="Le même"' in again.text


async def test_a_profile_says_what_is_not_known_and_speaks_to_search_engines(
    client: httpx.AsyncClient, house: House, number: int
) -> None:
    form = RecordOrganisation.model_validate(
        {
            "name": f"Lue dans un rapport {number}",
            "status": "published",
            "source": "Rapport d’activité 2020",
            "description": "Puits </script><b>et lavoirs",
            "occurred_on": "2020-12-31",
        }
    )
    async with house.services["registry"].db.transaction() as tx:
        assert await record_organisations([form], tx) == ["recorded"]
    async with house.services["registry"].db.transaction() as tx:
        assert await record_organisations([form], tx) == ["unchanged"]
    page = await client.get(f"/annuaire/lue-dans-un-rapport-{number}")
    assert page.status_code == 200
    assert text_of(page.text).count("non renseigné") >= 5
    assert "Puits &lt;/script&gt;&lt;b&gt;et lavoirs" in page.text
    assert "Rapport d’activité 2020" in page.text
    linked = re.search(r'<script type="application/ld\+json">(.*?)</script>', page.text, re.DOTALL)
    assert linked
    assert json.loads(linked[1])["description"] == "Puits </script><b>et lavoirs"


async def test_what_is_only_recorded_or_archived_has_no_page(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, browser: httpx.AsyncClient, house: House, number: int
) -> None:
    form = {"name": f"Ailleurs {number}", "status": "recorded", "source": "Rapport", "occurred_on": "2020-12-31"}
    async with house.services["registry"].db.transaction() as tx:
        await record_organisations([RecordOrganisation.model_validate(form)], tx)
    assert (await client.get(f"/annuaire/ailleurs-{number}")).status_code == 404
    done = await published(staff, client, asked(number))
    sent = await browser.post(f"{QUEUE}/structures/{done['organisation_id']}/archive")
    assert sent.status_code == 303
    assert (await client.get(f"/annuaire/{done['slug']}")).status_code == 404


async def test_a_country_or_a_theme_is_a_word_to_search_with(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    done = await published(staff, client, asked(number, countries=["MG"], themes=["numerique"]))
    for q in ("madagascar", "numérique", "périgueux", "dordogne"):
        page = (await client.get("/api/registry/v1/organisations", params={"q": f"{q} {number}"})).json()
        assert done["slug"] in [one["slug"] for one in page["items"]], q


async def test_the_directory_is_taken_away_as_a_file_that_no_cell_can_run(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    word = f"tableur{number}"
    await published(staff, client, asked(number, name=f"=HYPERLINK(1) {word}"))
    file = await client.get("/annuaire/export.csv", params={"q": word})
    assert file.headers["content-type"].startswith("text/csv")
    rows = file.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 2
    assert rows[0].startswith("name;acronym;")
    assert rows[1].startswith("'=HYPERLINK(1)")


async def test_a_filter_is_taken_off_by_its_link_and_the_map_leads_to_departments(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    await published(staff, client, asked(number, name=f"Filtrée {number}"))
    page = unescape((await client.get("/annuaire", params={"department": "24", "sdg": ["6", "17"], "lang": "en"})).text)
    assert 'href="/annuaire?lang=en&department=24&sdg=17"' in page
    assert 'href="/annuaire?lang=en&sdg=6&sdg=17"' in page
    assert re.search(r'href="/annuaire\?lang=en&department=24&sdg=6&sdg=17" aria-label="Dordogne', page)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/annuaire",
        "/annuaire/groupes",
        "/connexion",
        "/mentions-legales",
        "/donnees-personnelles",
        "/accessibilite",
        "/donnees-ouvertes",
        "/annuaire?sdg=99&cursor=rien&department=33&q=%27",
    ],
)
async def test_public_pages_are_served_in_both_languages(client: httpx.AsyncClient, path: str) -> None:
    for lang in ("fr", "en"):
        page = await client.get(path, params={"lang": lang} if "?" not in path else None)
        assert page.status_code == 200, page.text[:300]
        assert "style=" not in page.text
