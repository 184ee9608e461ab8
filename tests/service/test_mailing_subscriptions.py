"""Subscribing in two steps, changing one's mind, leaving in one click."""

import re
from typing import Any

import httpx

from services.embedded import House
from tests.conftest import Mailbox


async def facts_of(house: House, email: str) -> list[tuple[str, int]]:
    async with house.services["mailing"].db.reading() as tx:
        rows = await tx.fetch(
            """SELECT contract, (body::jsonb ->> 'version')::int AS version FROM journal
               WHERE body::jsonb ->> 'subscriber_id' = (SELECT id::text FROM subscriber WHERE email = $1)
               ORDER BY 2""",
            email,
        )
    return [(row["contract"].split(".")[1], row["version"]) for row in rows]


async def subscribe(client: httpx.AsyncClient, mailbox: Mailbox, email: str, **more: Any) -> str:
    """Ask and confirm; returns the preferences page's address."""
    answer = await client.post("/api/mailing/v1/subscriptions", json={"email": email, **more})
    assert answer.status_code == 202
    mail = await mailbox.first(email, "Confirmez")
    found = re.search(r"https?://\S+/lettres/confirmation/\S+", mail["text"])
    assert found
    page = await client.get(found[0])
    assert page.status_code == 200 and "Recevoir ces lettres" in page.text
    done = await client.post(found[0])
    assert done.status_code == 303
    return done.headers["location"].split("?")[0]


async def test_nobody_is_subscribed_before_the_button(
    house: House, client: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    email = f"deux-temps{number}@poste.example"
    await client.post("/api/mailing/v1/subscriptions", json={"email": email})
    mail = await mailbox.first(email, "Confirmez")
    link = re.search(r"https?://\S+/lettres/confirmation/\S+", mail["text"])
    assert link
    await client.get(link[0])
    async with house.services["mailing"].db.reading() as tx:
        assert await tx.fetchval("SELECT count(*) FROM subscriber WHERE email = $1", email) == 0
    await client.post(link[0])
    await client.post(link[0])
    assert await facts_of(house, email) == [("subscription_confirmed", 1)]


async def test_the_answer_is_the_same_for_a_known_address(
    client: httpx.AsyncClient, mailbox: Mailbox, house: House, number: int
) -> None:
    email = f"connue{number}@poste.example"
    await subscribe(client, mailbox, email)
    async with house.services["mailing"].db.transaction() as tx:
        await tx.execute("UPDATE subscription_request SET asked_at = asked_at - interval '1 hour'")
    known = await client.post("/api/mailing/v1/subscriptions", json={"email": email})
    unknown = await client.post("/api/mailing/v1/subscriptions", json={"email": f"nouvelle{number}@poste.example"})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    mail = await mailbox.first(email, "changer vos choix")
    assert "/lettres/preferences/" in mail["text"]


async def test_a_mailbox_cannot_be_filled(client: httpx.AsyncClient, mailbox: Mailbox, number: int) -> None:
    email = f"assaillie{number}@poste.example"
    for _ in range(4):
        assert (await client.post("/api/mailing/v1/subscriptions", json={"email": email})).status_code == 202
    await mailbox.first(email)
    await client.post("/api/mailing/v1/subscriptions", json={"email": f"temoin{number}@poste.example"})
    await mailbox.first(f"temoin{number}@poste.example")
    assert len(await mailbox.to(email)) == 1


async def test_the_form_keeps_what_was_typed_beside_its_error(client: httpx.AsyncClient) -> None:
    page = await client.post("/lettres", data={"email": "pas une adresse", "topics": "calls", "department": "33"})
    assert page.status_code == 422
    assert "doit ressembler à nom@exemple.fr" in page.text and 'value="pas une adresse"' in page.text


async def test_bad_inputs_are_refused_in_a_sentence(client: httpx.AsyncClient) -> None:
    for body, field in [
        ({"email": "a@b.example", "topics": ["autre"]}, "topics-0"),
        ({"email": "a@b.example", "topics": ["group:nulle-part"]}, "topics"),
        ({"email": "a@b.example", "department": "99"}, "department"),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "email"),
        ({}, "email"),
    ]:
        answer = await client.post("/api/mailing/v1/subscriptions", json=body)
        assert answer.status_code == 422, body
        assert answer.json()["errors"][0]["field"] == field and answer.json()["errors"][0]["message"]


async def test_choices_change_leave_and_come_back(
    house: House, client: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    email = f"change{number}@poste.example"
    page = await subscribe(client, mailbox, email)
    assert (await client.post(page, data={"topics": ["calls", "newsletter"], "department": "86"})).status_code == 303
    assert (await client.post(f"{page}/fin")).status_code == 303
    assert "Votre abonnement est arrêté" in (await client.get(page)).text
    assert (await client.post(f"{page}/retour")).status_code == 303
    assert await facts_of(house, email) == [
        ("subscription_confirmed", 1),
        ("subscription_changed", 2),
        ("subscription_ended", 3),
        ("subscription_confirmed", 4),
    ]


async def test_one_click_leaves_at_once_and_looking_does_not(
    house: House, client: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    email = f"un-clic{number}@poste.example"
    await subscribe(client, mailbox, email)
    service = house.services["mailing"]
    async with service.db.reading() as tx:
        subscriber = await tx.fetchval("SELECT id FROM subscriber WHERE email = $1", email)
    address = f"/lettres/desinscription/{service.signer.issue('subscription-end', {'id': str(subscriber)})}"
    assert (await client.get(address)).status_code == 200
    assert (await facts_of(house, email))[-1] == ("subscription_confirmed", 1)
    headers = {"Origin": "https://webmail.example"}
    answer = await client.post(address, data={"List-Unsubscribe": "One-Click"}, headers=headers)
    assert answer.status_code == 200
    assert (await facts_of(house, email))[-1] == ("subscription_ended", 2)


async def test_a_link_of_one_purpose_is_nothing_for_another(
    house: House, client: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    page = await subscribe(client, mailbox, f"autre-lien{number}@poste.example")
    token = page.rsplit("/", 1)[1]
    for path in (
        f"/lettres/desinscription/{token}",
        f"/lettres/confirmation/{token}",
        f"/lettres/preferences/{token}x",
    ):
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path)).status_code == 404


async def test_counts_of_readers_are_for_the_team(client: httpx.AsyncClient, staff: httpx.AsyncClient) -> None:
    assert (await client.get("/api/mailing/v1/subscribers")).status_code == 401
    assert (await staff.get("/api/mailing/v1/subscribers")).status_code == 200


async def test_three_requests_a_day_and_no_more(
    house: House, client: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    email = f"trois{number}@poste.example"
    service = house.services["mailing"]
    queued = []
    for _ in range(4):
        await client.post("/api/mailing/v1/subscriptions", json={"email": email})
        async with service.db.transaction() as tx:
            queued.append(await tx.fetchval("SELECT count(*) FROM outgoing WHERE recipient = $1", email))
            await tx.execute(
                "UPDATE subscription_request SET asked_at = asked_at - interval '20 min' WHERE email = $1", email
            )
    assert queued == [1, 2, 3, 3]
