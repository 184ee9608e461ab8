"""Each item is told once; and when the fictional season goes, the team keeps its words and what was told."""

from uuid import UUID

import httpx

from services.embedded import House
from services.mailing.commands import remove_demonstration, start_due
from shared.clock import now
from shared.contracts.registry import OrganisationRecorded
from tests.conftest import Mailbox, eventually
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


async def test_a_letter_that_waits_for_somebody_deleted_or_refusing_does_not_leave(
    empty: None, house: House, staff: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    service = house.services["mailing"]
    deleted, refusing, stays = (f"{who}{number}@poste.example" for who in ("effacee", "refusante", "demeure"))
    for email in (deleted, refusing, stays):
        await add_reader(house, email)
    body = {"kind": "targeted", "subject": "En attente", "text": "Bonjour", "topic": "newsletter"}
    draft = (await staff.post(API, json=body)).json()
    await staff.post(f"{API}/{draft['id']}/approval", json={"send_at": "2099-01-01T08:00:00Z"})
    async with service.db.transaction() as tx:
        await tx.execute("UPDATE campaign SET send_at = now() WHERE id = $1", UUID(draft["id"]))
        await start_due(tx, demonstrations=True)
        await tx.execute("DELETE FROM subscriber WHERE email = $1", deleted)
        await tx.execute(
            "INSERT INTO suppression SELECT person_key, 'refused' FROM subscriber WHERE email = $1",
            refusing,
        )
    done = await sent(staff, draft["id"])
    assert (done["recipients"], done["accepted"]) == (3, 1)
    await mailbox.first(stays, "En attente")
    assert await mailbox.to(deleted) == [] == await mailbox.to(refusing)
    async with service.db.reading() as tx:
        rows = await tx.fetch("SELECT state, reason FROM outgoing WHERE recipient = ANY($1)", [deleted, refusing])
    assert {(row["state"], row["reason"]) for row in rows} == {("skipped", "left")}
    async with service.db.transaction() as tx:
        await tx.execute("DELETE FROM suppression WHERE reason = 'refused'")


async def test_a_structure_recorded_before_it_is_listed_is_no_news_until_it_is(
    empty: None, house: House, staff: httpx.AsyncClient, number: int
) -> None:
    listed = structure("Patience")
    recorded = listed.model_dump() | {"status": "recorded", "published_on": None}
    await emit(house, "registry", OrganisationRecorded.model_validate(recorded))
    await known(house, "known_organisation", 1)
    assert (await staff.post(API, json={})).status_code == 409
    await emit(house, "registry", listed.model_copy(update={"version": 2}))
    await add_reader(house, f"nouvelle-venue{number}@poste.example")

    async def drafted() -> bool:
        return (await staff.post(API, json={})).status_code < 300

    await eventually(drafted)
