"""The team writes, looks, tries and approves by pages that work without a script."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.embedded import House
from services.mailing.commands import record_subscriber
from services.mailing.forms import RecordSubscriber
from services.mailing.links import Links
from shared.clock import new_id, now, today
from shared.contracts.registry import OrganisationPublished
from tests.conftest import Mailbox, eventually


@pytest.fixture
async def draft(house: House, staff: httpx.AsyncClient, number: int) -> str:
    """The page of a newsletter's draft that holds two new structures."""
    service = house.services["mailing"]
    async with service.db.transaction() as tx:
        await tx.execute("TRUNCATE outgoing, campaign_item, told, campaign, subscriber, known_organisation")
        for name in ("lectrice", "lecteur"):
            form = RecordSubscriber(email=f"{name}{number}@poste.example", topics=["newsletter"], department="33")
            await record_subscriber(form, tx, Links(service.settings, service.signer))
    async with house.services["registry"].db.transaction() as tx:
        for name in ("Alpha", "Bêta"):
            words: dict[str, Any] = {"organisation_id": new_id(), "version": 1, "status": "published", "slug": name}
            words |= {"name": f"{name} {number}", "department": "33", "published_on": today(), "occurred_on": today()}
            tx.emit(OrganisationPublished.model_validate(words))

    async def known() -> bool:
        async with service.db.reading() as tx:
            return bool(await tx.fetchval("SELECT count(*) = 2 FROM known_organisation"))

    await eventually(known)
    answer = await staff.post("/lettres/equipe", data={"_key": str(new_id())})
    assert answer.status_code == 303
    return answer.headers["location"]


def names_in(page: str) -> list[str]:
    return re.findall(r'<th role="rowheader" scope="row"><span id="element-\d+">(\w+) \d+', page)


async def test_pages_are_the_teams_alone(draft: str, client: httpx.AsyncClient) -> None:
    for path in ("/lettres/equipe", draft, f"{draft}/apercu", f"{draft}/avancement", "/lettres/equipe/ciblee"):
        assert (await client.get(path)).status_code == 303, path
    for path in ("/lettres/equipe", draft, f"{draft}/approbation", f"{draft}/element", f"{draft}/suppression"):
        assert (await client.post(path)).status_code == 303, path


async def test_a_draft_says_that_it_waits_and_for_whom(draft: str, staff: httpx.AsyncClient) -> None:
    page = (await staff.get(draft)).text
    assert "Cette lettre attend votre accord" in page and "à 2 personnes" in page
    assert "À revoir" not in page
    listed = (await staff.get("/lettres/equipe")).text
    assert "1 brouillon" in listed and "La lettre, " in listed


async def test_items_move_leave_and_come_back(draft: str, staff: httpx.AsyncClient) -> None:
    page = (await staff.get(draft)).text
    before = names_in(page)
    ids = re.findall(r'name="item_id" value="([^"]+)"', page)
    form = {"item_kind": "organisation", "item_id": ids[0]}
    await staff.post(f"{draft}/element", data=form | {"change": "down"})
    assert names_in((await staff.get(draft)).text) == before[::-1]
    await staff.post(f"{draft}/element", data=form | {"change": "drop"})
    preview = await staff.get(f"{draft}/apercu", params={"departement": "33"})
    assert before[0] not in preview.text and before[1] in preview.text
    await staff.post(f"{draft}/element", data=form | {"change": "restore"})
    assert before[0] in (await staff.get(f"{draft}/apercu")).text


async def test_the_preview_can_run_nothing(draft: str, staff: httpx.AsyncClient) -> None:
    words = {"subject": "Essai", "editorial": "**Bonjour** <img src=x onerror=alert(1)>"}
    assert (await staff.post(draft, data=words)).status_code == 303
    preview = await staff.get(f"{draft}/apercu", params={"departement": "33"})
    assert "<strong>Bonjour</strong>" in preview.text and "<img src=x" not in preview.text
    assert preview.headers["content-security-policy"].startswith("sandbox")
    assert "Près de chez vous" in preview.text
    assert "frame-src 'self'" in (await staff.get(draft)).headers["content-security-policy"]


async def test_a_refused_field_keeps_what_was_typed(draft: str, staff: httpx.AsyncClient) -> None:
    page = await staff.post(draft, data={"subject": "<b>gras</b>", "editorial": "Mot gardé"})
    assert page.status_code == 422 and "Mot gardé" in page.text and "sans balise HTML" in page.text
    wrong = await staff.post(f"{draft}/approbation", data={"send_at": "demain"})
    assert wrong.status_code == 422 and "Écrivez une date" in wrong.text


async def test_a_trial_reaches_one_address_and_counts_for_nothing(
    draft: str, staff: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    email = f"essai{number}@equipe.example"
    assert (await staff.post(f"{draft}/essai", data={"email": email})).status_code == 303
    mail = await mailbox.first(email, "Essai")
    assert "Alpha" in mail["text"] and "/lettres/desinscription/" not in mail["text"]
    assert "Cette lettre attend votre accord" in (await staff.get(draft)).text


async def test_approved_for_tomorrow_then_called_back_then_sent(
    draft: str, staff: httpx.AsyncClient, client: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    tomorrow = f"{now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    assert (await staff.post(f"{draft}/approbation", data={"send_at": tomorrow})).status_code == 303
    assert "Approuvée, départ le" in (await staff.get(draft)).text
    assert (await staff.post(draft, data={"subject": "Trop tard"})).status_code == 409
    assert (await staff.post(f"{draft}/rappel")).status_code == 303
    assert (await staff.post(f"{draft}/approbation", data={"send_at": ""})).status_code == 303
    await mailbox.first(f"lectrice{number}@poste.example", "La lettre")
    await mailbox.first(f"lecteur{number}@poste.example", "La lettre")

    async def finished() -> bool:
        return "2 acceptées" in (await staff.get(draft)).text

    await eventually(finished)
    async with staff.stream("GET", f"{draft}/avancement") as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data:"):
                assert 'id="avancement"' in line
                break
    public = (await client.get("/lettres")).text
    found = re.search(r'href="(/lettres/archives/[^"]+)"', public)
    assert found
    archived = await client.get(found[1])
    assert archived.status_code == 200 and "Alpha" in archived.text


async def test_the_targeted_form_and_discarding(draft: str, staff: httpx.AsyncClient) -> None:
    empty = await staff.post("/lettres/equipe/ciblee", data={"subject": "Un mot"})
    assert empty.status_code == 422 and "Cette réponse est nécessaire" in empty.text and 'value="Un mot"' in empty.text
    made = await staff.post("/lettres/equipe/ciblee", data={"subject": "Un mot", "text": "Oui", "topic": "calls"})
    assert made.status_code == 303
    page = await staff.post(f"{made.headers['location']}/approbation", data={})
    assert page.status_code == 409 and "aucun destinataire" in page.text
    assert (await staff.post(f"{draft}/suppression")).status_code == 303
    assert (await staff.get(draft)).status_code == 404
