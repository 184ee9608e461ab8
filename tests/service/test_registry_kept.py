"""Pages of the directory kept in the process: the same for anybody, new at each change, and nobody's own."""

import httpx

from services.embedded import House
from services.registry.commands import archive_organisation
from services.registry.tally import PAGES_KEPT
from shared.web.session import COOKIE, new_session
from tests.service.test_registry_listing import asked, published

LIST = "/api/registry/v1/organisations"


async def test_a_page_kept_for_a_reader_shows_what_was_listed_and_archived_since(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    name = f"Relue {number}"
    for address in ("/annuaire", LIST):
        assert f"relue-{number}" not in (await client.get(address, params={"q": name})).text
    done = await published(staff, client, asked(number, name=name))
    for address in ("/annuaire", LIST):
        assert done["slug"] in (await client.get(address, params={"q": name})).text
    async with house.services["registry"].db.transaction() as tx:
        await archive_organisation(done["organisation_id"], tx)
    for address in ("/annuaire", LIST):
        assert done["slug"] not in (await client.get(address, params={"q": name})).text


async def test_the_page_of_the_team_is_nobody_elses(client: httpx.AsyncClient, house: House, number: int) -> None:
    cookie = house.services["registry"].signer.session(new_session("staff", "equipe@reseau.example"))
    address = f"/annuaire?q=equipe-{number}"
    async with httpx.AsyncClient(base_url=house.settings.public_url, cookies={COOKIE: cookie}) as team:
        for _ in range(2):
            ours = await team.get(address)
            assert 'href="/annuaire/equipe"' in ours.text
            assert ours.headers["cache-control"] == "no-store"
            anybodys = await client.get(address)
            assert 'href="/annuaire/equipe"' not in anybodys.text
            assert 'href="/connexion"' in anybodys.text


async def test_whoever_has_a_page_already_is_told_so_until_it_changes(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    address = {"q": f"Connue {number}"}
    first = await client.get("/annuaire", params=address)
    known = {"If-None-Match": first.headers["etag"]}
    assert (await client.get("/annuaire", params=address, headers=known)).status_code == 304
    english = await client.get("/annuaire", params=address | {"lang": "en"}, headers=known)
    assert (english.status_code, english.headers["content-language"]) == (200, "en")
    await published(staff, client, asked(number, name=f"Connue {number}"))
    assert (await client.get("/annuaire", params=address, headers=known)).status_code == 200


async def test_a_refused_list_is_asked_again_and_what_is_kept_is_bounded(
    client: httpx.AsyncClient, house: House
) -> None:
    for _ in range(2):
        assert (await client.get(LIST, params={"cursor": "perdu"})).status_code == 422
    for turn in range(PAGES_KEPT + 5):
        assert (await client.get(LIST, params={"limit": 1, "turn": turn})).status_code == 200
    assert len(house.services["registry"].app.state.tally.pages) == PAGES_KEPT
