"""Asking to be listed by the pages, without a script: four steps, a draft, doubles, the links of the mails."""

import json
import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx

from services.embedded import House
from tests.service.test_registry_listing import REQUESTS, asked, published

FORM = "/annuaire/referencement"
QUEUE = "/annuaire/equipe"


def key_in(page: str) -> str:
    found = re.search(r'name="_key" value="([^"]+)"', page)
    assert found
    return found[1]


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<script.*?</script>|<[^>]+>", " ", page, flags=re.DOTALL)))


async def told(house: House, contract: str, email: str) -> list[dict[str, Any]]:
    """What the registry said of that address, the newest first."""
    async with house.services["registry"].db.reading() as tx:
        rows = await tx.fetch(
            "SELECT body FROM journal WHERE contract = $1 AND body::jsonb->>'email' = $2 ORDER BY position DESC",
            f"registry.{contract}.v1",
            email,
        )
    return [json.loads(row["body"]) for row in rows]


def path_of(address: str) -> str:
    return urlsplit(address).path


FIRST = {"college": "associations", "kind": "association", "commune_code": "24322", "postal_code": "24000"}
SECOND = {"description": "Nous réparons des fontaines.", "themes": "sante", "sdgs": ["3", "6"], "countries": ["MA", ""]}
THIRD = {"needs": "partners", "topics": "newsletter"}


def contact(number: int) -> dict[str, str]:
    return {"contact_name": "Awa Lacoste", "contact_email": f"form{number}@lavoirs.example", "consent_listing": "true"}


async def answer(client: httpx.AsyncClient, address: str, step: int, typed: dict[str, Any]) -> httpx.Response:
    """Post one step, as a browser would."""
    page = (await client.get(address)).text
    return await client.post(address.split("?")[0], data=typed | {"_step": str(step), "_key": key_in(page)})


async def filled(client: httpx.AsyncClient, number: int, **first: str) -> httpx.Response:
    """The four steps, up to the answer to the last."""
    sent = await answer(client, FORM, 1, {"name": f"Lavoirs {number}"} | FIRST | first)
    for step, typed in ((2, SECOND), (3, THIRD)):
        assert sent.status_code == 303, text_of(sent.text)
        sent = await answer(client, sent.headers["location"], step, typed)
    return await answer(client, sent.headers["location"], 4, contact(number))


async def test_the_form_is_filled_in_four_steps_and_leads_to_its_page(
    client: httpx.AsyncClient, house: House, number: int
) -> None:
    sent = await filled(client, number)
    assert sent.status_code == 303
    page = await client.get(sent.headers["location"])
    assert "Votre demande est envoyée" in page.text
    assert "n’est pas encore confirmée" in page.text
    named = (await told(house, "listing_contact_named", f"form{number}@lavoirs.example"))[0]
    assert path_of(named["confirmation_url"]).startswith("/annuaire/confirmation/")
    assert named["demonstration"] is False


async def test_the_whole_form_may_be_sent_at_once(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    whole = {"name": f"D’un coup {number}"} | FIRST | SECOND | THIRD | contact(number)
    sent = await client.post(FORM, data=whole)
    assert sent.status_code == 303
    items = (await staff.get(REQUESTS, params={"limit": 100})).json()["items"]
    (one,) = [item for item in items if item["name"] == f"D’un coup {number}"]
    assert (one["sdgs"], one["countries"], one["needs"]) == ([3, 6], ["MA"], ["partners"])


async def test_the_last_step_sent_twice_is_one_request(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    whole = {"name": f"Deux fois {number}", "_key": f"twice-{number}"} | FIRST | SECOND | contact(number)
    for _ in range(2):
        assert (await client.post(FORM, data=whole)).status_code == 303
    items = (await staff.get(REQUESTS, params={"limit": 100})).json()["items"]
    assert len([item for item in items if item["name"] == f"Deux fois {number}"]) == 1


async def test_mistakes_stand_beside_their_fields_and_nothing_typed_is_lost(
    client: httpx.AsyncClient, number: int
) -> None:
    typed = {"name": f"Lavoirs & « <b> {number}", "rna": "W24", "siren": "732829321", "website": "pas un site"}
    sent = await answer(client, FORM, 1, typed)
    assert sent.status_code == 422
    page = unescape(sent.text)
    assert "<title>Erreur\u00a0:" in page
    for sentence in ("sans balise HTML", "commence par W", "9 chiffres", "doit ressembler à https://"):
        assert sentence in page
    for field in ("name", "rna", "siren", "website", "college"):
        assert re.search(f'id="{field}"[^>]*aria-invalid="true"', sent.text), field
    assert f'value="{typed["name"]}"' in page
    assert 'value="W24"' in page


async def test_a_draft_is_resumed_at_an_address_nobody_can_guess(client: httpx.AsyncClient, number: int) -> None:
    sent = await answer(client, FORM, 1, {"name": f"Reprise {number}"} | FIRST)
    address = sent.headers["location"].split("?")[0]
    assert len(address.rpartition("/")[2]) >= 32
    page = (await client.get(address)).text
    assert f'value="Reprise {number}"' in page
    assert 'value="24322" checked' in page
    gone = await client.get(address[:-1] + ("A" if address[-1] != "A" else "B"))
    assert gone.status_code == 404
    assert "brouillon" in gone.text


async def test_a_commune_is_looked_up_by_its_postal_code_without_sending(client: httpx.AsyncClient) -> None:
    typed = {"name": "Kultur", "postal_code": "24000", "_step": "1", "_look_up": "communes"}
    page = await client.post(FORM, data=typed)
    assert page.status_code == 200
    assert "Périgueux" in page.text
    assert 'value="Kultur"' in page.text
    elsewhere = await client.post(FORM, data=typed | {"postal_code": "75001"})
    assert "pas dans la région" in elsewhere.text


async def test_a_published_number_is_told_at_the_first_step_with_its_sheet(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    rna = f"W{242_000_000 + number}"
    done = await published(staff, client, asked(number, rna=rna))
    sent = await answer(client, FORM, 1, {"name": "Tout autre", "rna": rna} | FIRST)
    assert sent.status_code == 409
    assert "est-ce vous" in sent.text
    assert f"/annuaire/{done['slug']}" in sent.text
    assert 'value="Tout autre"' in sent.text


async def test_a_likely_double_is_shown_before_sending(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    name = f"Sages-Femmes Sans Frontières {number}"
    done = await published(staff, client, asked(number, name=name, acronym=f"SFSF{number}"))
    sent = await answer(client, FORM, 1, {"name": f"SFSF{number}"} | FIRST)
    page = (await client.get(sent.headers["location"])).text
    assert "est-ce vous" in page
    assert f"/annuaire/{done['slug']}" in page


async def test_a_robot_is_thanked_and_not_heard(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    whole = {"name": f"Robot {number}", "site": "http://spam.example"} | FIRST | SECOND | contact(number)
    assert (await client.post(FORM, data=whole)).status_code == 200
    items = (await staff.get(REQUESTS, params={"limit": 100})).json()["items"]
    assert not [item for item in items if item["name"] == f"Robot {number}"]


async def test_opening_the_confirmation_acts_on_nothing_and_pressing_it_starts_the_letters(
    client: httpx.AsyncClient, house: House, number: int
) -> None:
    email = f"confirme{number}@lavoirs.example"
    await client.post(REQUESTS, json=asked(number, contact_email=email, topics=["newsletter", "calls"]))
    link = path_of((await told(house, "listing_contact_named", email))[0]["confirmation_url"])
    for _ in range(2):
        assert "Confirmer mon adresse" in (await client.get(link)).text
    assert await told(house, "listing_contact_confirmed", email) == []
    for _ in range(2):
        sent = await client.post(link)
        assert sent.status_code == 303
    (once,) = await told(house, "listing_contact_confirmed", email)
    assert once["topics"] == ["newsletter", "calls"]
    assert "Adresse confirmée" in (await client.get(path_of(sent.headers["location"]))).text


async def test_a_link_changed_by_one_byte_or_of_another_purpose_opens_nothing(
    client: httpx.AsyncClient, house: House, number: int
) -> None:
    email = f"lien{number}@lavoirs.example"
    await client.post(REQUESTS, json=asked(number, contact_email=email))
    said = (await told(house, "listing_contact_named", email))[0]
    follow, confirm = path_of(said["follow_url"]), path_of(said["confirmation_url"])
    changed = follow[:-5] + ("A" if follow[-5] != "A" else "B") + follow[-4:]
    swapped = "/annuaire/confirmation/" + follow.rpartition("/")[2]
    for address in (changed, swapped, "/annuaire/demande/" + confirm.rpartition("/")[2], "/annuaire/demande/rien"):
        page = await client.get(address)
        assert page.status_code == 404, address
        assert "n’est plus valable" in page.text
    assert (await client.post(swapped)).status_code == 404


async def test_a_question_is_answered_by_the_link_and_every_step_is_dated(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    email = f"question{number}@lavoirs.example"
    made = (await client.post(REQUESTS, json=asked(number, contact_email=email))).json()
    await staff.post(f"{REQUESTS}/{made['id']}/information", json={"message": "Avec quel partenaire ?"})
    decision = (await told(house, "listing_decision_told", email))[0]
    assert (decision["decision"], decision["reason"]) == ("information_asked", "Avec quel partenaire ?")
    link = path_of(decision["follow_url"])
    page = (await client.get(link)).text
    assert "Avec quel partenaire" in page
    empty = await client.post(link, data={"answer": " ", "_key": key_in(page)})
    assert empty.status_code == 422
    sent = await client.post(link, data={"answer": "L’ONG Yatenga.", "_key": key_in(page)})
    assert sent.status_code == 303
    shown = (await staff.get(f"{REQUESTS}/{made['id']}")).json()
    assert (shown["status"], shown["answer"]) == ("in_review", "L’ONG Yatenga.")
    await staff.post(f"{REQUESTS}/{made['id']}/refusal", json={"reason": "Hors de la région."})
    steps = text_of((await client.get(link)).text)
    for words in ("Demande reçue", "Avec quel partenaire", "L’ONG Yatenga.", "Hors de la région."):
        assert words in steps
    late = await client.post(link, data={"answer": "Encore ?"})
    assert late.status_code == 409


async def test_a_lost_link_is_sent_again_and_nothing_says_who_asked(
    client: httpx.AsyncClient, house: House, number: int
) -> None:
    email = f"perdu{number}@lavoirs.example"
    await client.post(REQUESTS, json=asked(number, contact_email=email))
    pages = []
    for address in (email, f"inconnu{number}@lavoirs.example"):
        page = await client.get("/annuaire/demande")
        sent = await client.post("/annuaire/demande", data={"email": address, "_key": key_in(page.text)})
        assert sent.status_code == 303
        pages.append((await client.get(sent.headers["location"])).text)
    assert re.sub(r'value="[^"]+"', "", pages[0]) == re.sub(r'value="[^"]+"', "", pages[1])
    assert len(await told(house, "listing_contact_named", email)) == 2
    await client.post("/annuaire/demande", data={"email": email})
    assert len(await told(house, "listing_contact_named", email)) == 2, "at most one a day"
