"""Each item is told once; and when the fictional season goes, the team keeps its words and what was told."""

from uuid import UUID

import httpx

from services.embedded import House
from services.mailing.commands import remove_demonstration
from shared.clock import now
from tests.conftest import Mailbox
from tests.service.test_mailing_letters import API, add_reader, emit, empty, gathering, known, sent, structure

__all__ = ["empty"]


async def test_what_a_letter_told_is_not_told_again_to_those_who_live_near(
    empty: None, house: House, staff: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    near = f"gironde{number}@poste.example"
    await add_reader(house, near, department="33")
    await emit(house, "events", gathering("Rencontre de juin"))
    await known(house, "known_gathering", 1)
    first = (await staff.post(API, json={"kind": "newsletter"})).json()
    await staff.post(f"{API}/{first['id']}/approval", json={})
    await sent(staff, first["id"])
    await emit(house, "events", gathering("Rencontre de juillet"))
    await known(house, "known_gathering", 2)
    second = (await staff.post(API, json={"kind": "newsletter"})).json()
    await staff.post(f"{API}/{second['id']}/approval", json={})
    await sent(staff, second["id"])
    said = [one["text"] for one in await mailbox.to(near)]
    assert sorted(text.count("Rencontre de juin") for text in said) == [0, 1]
    assert sorted(text.count("Rencontre de juillet") for text in said) == [0, 1]
    assert all("Près de chez vous" in text for text in said)


async def test_what_an_approved_letter_tells_meanwhile_leaves_the_draft_that_holds_it_too(
    empty: None, house: House, staff: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    email = f"une-fois{number}@poste.example"
    await add_reader(house, email)
    await emit(house, "registry", structure("Passerelle"))
    await known(house, "known_organisation", 1)
    first = (await staff.post(API, json={})).json()
    approved = {"send_at": "2099-01-01T08:00:00Z"}
    assert (await staff.post(f"{API}/{first['id']}/approval", json=approved)).status_code == 200
    second = (await staff.post(API, json={})).json()
    assert second["id"] != first["id"]
    async with house.services["mailing"].db.transaction() as tx:
        await tx.execute("UPDATE campaign SET send_at = $2 WHERE id = $1", UUID(first["id"]), now())
    await sent(staff, first["id"])
    answer = await staff.post(f"{API}/{second['id']}/approval", json={})
    assert answer.status_code == 409 and "ne dit rien" in answer.json()["detail"]


async def test_the_words_of_the_team_survive_the_fictional_season(
    empty: None, house: House, staff: httpx.AsyncClient, number: int
) -> None:
    await add_reader(house, f"reelle{number}@poste.example")
    await emit(house, "registry", structure("Réelle"), structure("Fictive", demonstration=True))
    await known(house, "known_organisation", 2)
    draft = (await staff.post(API, json={})).json()
    assert draft["demonstration"] is True
    db = house.services["mailing"].db
    async with db.transaction() as tx:
        await tx.execute("UPDATE campaign SET editorial = 'Notre mot' WHERE id = $1", UUID(draft["id"]))
        await remove_demonstration(tx)
    kept = (await staff.get(f"{API}/{draft['id']}")).json()
    assert (kept["demonstration"], kept["editorial"]) == (False, "Notre mot")
    assert [one["title"] for one in kept["items"]] == ["Réelle"]


async def test_what_a_letter_of_the_season_told_of_real_items_stays_told(
    empty: None, house: House, staff: httpx.AsyncClient, number: int
) -> None:
    await add_reader(house, f"lectrice{number}@poste.example")
    await emit(house, "registry", structure("Vraie"), structure("Inventée", demonstration=True))
    await known(house, "known_organisation", 2)
    draft = (await staff.post(API, json={})).json()
    await staff.post(f"{API}/{draft['id']}/approval", json={})
    await sent(staff, draft["id"])
    async with house.services["mailing"].db.transaction() as tx:
        await remove_demonstration(tx)
        assert await tx.fetchval("SELECT count(*) FROM told") == 1
        await tx.execute("DELETE FROM known_organisation WHERE demonstration")
    assert (await staff.get(f"{API}/{draft['id']}")).status_code == 404
    assert (await staff.post(API, json={})).status_code == 409
