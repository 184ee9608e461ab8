"""The letter writes itself, waits for approval, and reaches each reader once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.embedded import House
from services.mailing.commands import record_subscriber
from services.mailing.forms import RecordSubscriber
from services.mailing.links import Links
from shared.clock import new_id, now, today
from shared.contracts.events import GatheringCancelled, GatheringPublished, SessionState
from shared.contracts.registry import OrganisationPublished, WatchItemPublished
from tests.conftest import Mailbox, eventually

API = "/api/mailing/v1/campaigns"


@pytest.fixture
async def empty(house: House) -> None:
    """No letter, no reader, nothing known: these tests own the whole service."""
    async with house.services["mailing"].db.transaction() as tx:
        await tx.execute(
            """TRUNCATE outgoing, campaign_item, told, campaign, subscriber, known_gathering, known_registration,
               known_organisation, known_watch_item"""
        )


async def emit(house: House, service: str, *events: Any) -> None:
    async with house.services[service].db.transaction() as tx:
        for event in events:
            tx.emit(event)


def gathering(title: str, days: int = 20, **more: Any) -> GatheringPublished:
    start = now() + timedelta(days=days)
    sessions = [SessionState(starts_at=start, ends_at=start + timedelta(hours=3))]
    words = {"status": "published", "version": 1, "kind": "training", "mode": "in_person", "place": "Bordeaux"}
    words |= {"slug": title.lower().replace(" ", "-"), "sessions": sessions, "gathering_id": new_id()}
    return GatheringPublished.model_validate(
        words | {"occurred_on": start.date(), "title": title, "department": "33"} | more
    )


def structure(name: str, **more: Any) -> OrganisationPublished:
    words = {"organisation_id": new_id(), "version": 1, "status": "published", "slug": name.lower(), "name": name}
    words |= {"department": "86", "published_on": today(), "occurred_on": today()}
    return OrganisationPublished.model_validate(words | more)


def call(title: str, days: int) -> WatchItemPublished:
    return WatchItemPublished(
        occurred_on=today(),
        item_id=new_id(),
        version=1,
        status="published",
        watch_class="funding",
        title=title,
        url="https://bailleur.example/appel",
        deadline=today() + timedelta(days=days),
    )


async def known(house: House, table: str, n: int) -> None:
    async def look() -> bool:
        async with house.services["mailing"].db.reading() as tx:
            if table == "known_gathering":
                return bool(await tx.fetchval("SELECT count(*) >= $1 FROM known_gathering", n))
            if table == "known_watch_item":
                return bool(await tx.fetchval("SELECT count(*) >= $1 FROM known_watch_item", n))
            return bool(await tx.fetchval("SELECT count(*) >= $1 FROM known_organisation", n))

    await eventually(look)


async def add_reader(house: House, email: str, **more: Any) -> None:
    service = house.services["mailing"]
    async with service.db.transaction() as tx:
        form = RecordSubscriber.model_validate({"email": email, "topics": ["newsletter"], **more})
        await record_subscriber(form, tx, Links(service.settings, service.signer))


async def sent(staff: httpx.AsyncClient, campaign: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        found: dict[str, Any] = (await staff.get(f"{API}/{campaign}")).json()
        return found if found["status"] == "sent" else None

    return await eventually(look, 20)


async def test_nothing_new_makes_no_letter(empty: None, staff: httpx.AsyncClient) -> None:
    answer = await staff.post(API, json={"kind": "newsletter"})
    assert answer.status_code == 409 and "Rien de nouveau" in answer.json()["detail"]


async def test_the_letter_tells_what_is_new_once_and_what_is_near(
    empty: None, house: House, staff: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    near, far = f"bordeaux{number}@poste.example", f"poitiers{number}@autre.example"
    await add_reader(house, near, department="33")
    await add_reader(house, far, department="86")
    await emit(
        house,
        "events",
        gathering("Formation ouverte"),
        gathering("Formation lue dans un document", source="brochure"),
        gathering("Formation passée", days=-3),
    )
    await emit(house, "registry", structure("Pont"), structure("Ancienne", source="liste"), call("Appel ouvert", 9))
    await emit(house, "registry", call("Appel clos", -1))
    await known(house, "known_gathering", 3)
    await known(house, "known_watch_item", 2)
    await known(house, "known_organisation", 2)
    draft = (await staff.post(API, json={"kind": "newsletter"})).json()
    shown = (await staff.get(f"{API}/{draft['id']}")).json()
    assert sorted(one["title"] for one in shown["items"]) == ["Appel ouvert", "Formation ouverte", "Pont"]

    assert (await staff.post(f"{API}/{draft['id']}/approval", json={})).status_code == 200
    done = await sent(staff, draft["id"])
    assert (done["recipients"], done["accepted"]) == (2, 2)
    mine, theirs = await mailbox.first(near, "La lettre"), await mailbox.first(far, "La lettre")
    assert mine["text"].index("Près de chez vous") < mine["text"].index("Formation ouverte")
    assert "Gironde" in mine["text"] and "Gironde" not in theirs["text"]
    assert theirs["text"].index("Près de chez vous") < theirs["text"].index("Pont")
    assert mine["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mine["headers"]["List-Unsubscribe"] != theirs["headers"]["List-Unsubscribe"]
    assert (await staff.post(API, json={"kind": "newsletter"})).status_code == 409


async def test_what_is_cancelled_after_the_draft_does_not_leave(
    empty: None, house: House, staff: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    email = f"prudente{number}@poste.example"
    await add_reader(house, email)
    kept, dropped = gathering("Rencontre qui tient"), gathering("Rencontre annulée")
    await emit(house, "events", kept, dropped)
    await known(house, "known_gathering", 2)
    draft = (await staff.post(API, json={"kind": "newsletter"})).json()
    await emit(
        house, "events", GatheringCancelled.model_validate(dropped.model_dump() | {"version": 2, "status": "cancelled"})
    )

    async def out() -> bool:
        items = (await staff.get(f"{API}/{draft['id']}")).json()["items"]
        return [one["current"] for one in items if one["title"] == "Rencontre annulée"] == [False]

    await eventually(out)
    await staff.post(f"{API}/{draft['id']}/approval", json={})
    await sent(staff, draft["id"])
    assert "annulée" not in (await mailbox.first(email, "La lettre"))["text"]


async def test_an_unapproved_letter_waits(
    empty: None, house: House, staff: httpx.AsyncClient, client: httpx.AsyncClient, number: int
) -> None:
    await add_reader(house, f"patiente{number}@poste.example")
    await emit(house, "registry", structure("Attente"))
    await known(house, "known_organisation", 1)
    draft = (await staff.post(API, json={})).json()
    assert draft["status"] == "draft"
    assert (await client.post(f"{API}/{draft['id']}/approval", json={})).status_code == 401
    tomorrow = (now() + timedelta(days=1)).isoformat()
    approved = (await staff.post(f"{API}/{draft['id']}/approval", json={"send_at": tomorrow})).json()
    assert approved["status"] == "approved"
    async with house.services["mailing"].db.reading() as tx:
        assert await tx.fetchval("SELECT count(*) FROM outgoing WHERE campaign_id = $1", UUID(draft["id"])) == 0
    assert (await staff.post(f"{API}/{draft['id']}/approval", json={})).status_code == 409


async def test_a_letter_without_reader_or_words_is_refused(empty: None, staff: httpx.AsyncClient) -> None:
    body = {"kind": "targeted", "subject": "Un mot", "text": "Bonjour", "topic": "calls"}
    draft = (await staff.post(API, json=body)).json()
    answer = await staff.post(f"{API}/{draft['id']}/approval", json={})
    assert answer.status_code == 409 and "aucun destinataire" in answer.json()["detail"]
    assert (await staff.post(API, json={"kind": "targeted"})).status_code == 422


async def test_a_targeted_letter_reaches_its_topic_and_runs_nothing(
    empty: None, house: House, staff: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    reached, other = f"appels{number}@poste.example", f"lettre{number}@poste.example"
    await add_reader(house, reached, topics=["calls"])
    await add_reader(house, other)
    text = "**Important** <script>alert(1)</script> [lien](javascript:alert(1)) {{ 7*7 }}"
    body = {"kind": "targeted", "subject": "Appel exceptionnel", "text": text, "topic": "calls"}
    draft = (await staff.post(API, json=body)).json()
    await staff.post(f"{API}/{draft['id']}/approval", json={})
    await sent(staff, draft["id"])
    html = (await mailbox.first(reached, "Appel exceptionnel"))["html"]
    assert "<strong>Important</strong>" in html and "<script>" not in html and "{{ 7*7 }}" in html
    assert 'href="javascript' not in html
    assert await mailbox.to(other) == []


async def test_whoever_leaves_while_it_waits_gets_nothing(
    empty: None, house: House, staff: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    gone, stays = f"partante{number}@poste.example", f"restante{number}@poste.example"
    await add_reader(house, gone)
    await add_reader(house, stays)
    await emit(house, "registry", structure("Nouvelle venue"))
    await known(house, "known_organisation", 1)
    draft = (await staff.post(API, json={})).json()
    async with house.services["mailing"].db.transaction() as tx:
        await tx.execute("UPDATE subscriber SET status = 'unsubscribed' WHERE email = $1", gone)
    await staff.post(f"{API}/{draft['id']}/approval", json={})
    done = await sent(staff, draft["id"])
    assert done["accepted"] == 1 and await mailbox.to(gone) == []
    await mailbox.first(stays, "La lettre")


async def test_fictional_readers_are_never_written_through_a_real_server(
    empty: None, house: House, staff: httpx.AsyncClient, number: int
) -> None:
    await add_reader(house, f"fictif{number}@poste.example", demonstration=True)
    await emit(house, "registry", structure("Fictive", demonstration=True))
    await known(house, "known_organisation", 1)
    service = house.services["mailing"]
    before = service.settings
    object.__setattr__(before, "smtp_is_mailbox", False)
    try:
        assert (await staff.post(API, json={})).status_code == 409
        body = {"kind": "targeted", "subject": "Réel", "text": "Bonjour", "topic": "newsletter"}
        draft = (await staff.post(API, json=body)).json()
        assert (await staff.post(f"{API}/{draft['id']}/approval", json={})).status_code == 409
    finally:
        object.__setattr__(before, "smtp_is_mailbox", True)
    labelled = (await staff.post(API, json={})).json()
    assert labelled["demonstration"] is True
