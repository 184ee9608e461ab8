"""While sending is paused nothing leaves, and the administrator says what becomes of what may have left before."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from services.embedded import House
from services.mailing.commands import pause_sending, resume_sending
from services.mailing.queries.pause import Pause, pause_of
from shared.clock import now
from tests.conftest import Mailbox, eventually
from tests.e2e.whole import Ended, command
from tests.service.test_mailing_letters import API, add_reader

RESTORED_TO = now() - timedelta(hours=6)


@pytest.fixture
async def paused(house: House) -> AsyncIterator[None]:
    async with house.services["mailing"].db.transaction() as tx:
        await pause_sending(tx, "restore", RESTORED_TO)
    yield
    async with house.services["mailing"].db.transaction() as tx:
        await resume_sending(tx, drop=False)


async def pause(house: House) -> Pause | None:
    async with house.services["mailing"].db.reading() as tx:
        return await pause_of(tx)


async def mail(house: House, *words: str) -> Ended:
    return await command(house.settings.data, "mail", *words)


async def waits(house: House, address: str) -> None:
    async def there() -> bool:
        async with house.services["mailing"].db.reading() as tx:
            query = "SELECT EXISTS (SELECT FROM outgoing WHERE recipient = $1 AND state = 'queued')"
            return bool(await tx.fetchval(query, address))

    await eventually(there, 20)


async def ask(client: httpx.AsyncClient, address: str) -> None:
    answer = await client.post("/api/mailing/v1/subscriptions", json={"email": address})
    assert answer.status_code == 202


async def test_what_is_asked_in_a_pause_leaves_after_it(
    house: House, client: httpx.AsyncClient, mailbox: Mailbox, paused: None, number: int
) -> None:
    address = f"pendant{number}@pause.example"
    await ask(client, address)
    await waits(house, address)
    assert "Les envois sont en pause" in (await mail(house, "status")).out
    assert await mailbox.to(address) == []
    assert (await mail(house, "resume", "--drop")).out == "Les envois reprennent.\n"
    assert await mailbox.first(address, "Confirmez", 20)
    assert "n’étaient pas en pause" in (await mail(house, "resume")).out


async def test_what_waited_before_a_restore_is_given_up_only_when_asked(
    house: House, client: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    address, after = f"avant{number}@pause.example", f"apres{number}@pause.example"
    assert (await mail(house, "pause")).code == 0
    await ask(client, address)
    await waits(house, address)
    async with house.services["mailing"].db.transaction() as tx:
        await pause_sending(tx, "restore", RESTORED_TO)
    await ask(client, after)
    await waits(house, after)
    found = await pause(house)
    assert found and found.restored_to == RESTORED_TO
    assert found.perhaps_left < found.waiting
    refused = await mail(house, "resume")
    assert refused.code == 1 and "--drop les abandonne" in " ".join(refused.said.split())
    assert (await mail(house, "resume", "--send", "--drop")).code == 1
    assert await pause(house), "nothing has begun again"
    assert (await mail(house, "resume", "--drop")).code == 0
    assert await mailbox.first(after, "Confirmez", 20)
    assert await mailbox.to(address) == []


async def test_a_letter_approved_before_a_restore_is_a_draft_again(
    house: House, staff: httpx.AsyncClient, paused: None, number: int
) -> None:
    await add_reader(house, f"lectrice{number}@pause.example")
    draft = {"kind": "targeted", "subject": f"Lettre {number}", "text": "Bonjour.", "topic": "newsletter"}
    made = (await staff.post(API, json=draft)).json()["id"]
    assert (await staff.post(f"{API}/{made}/approval", json={})).status_code == 200
    async with house.services["mailing"].db.transaction() as tx:
        await pause_sending(tx, "restore", RESTORED_TO)
        await resume_sending(tx, drop=True)
    assert (await staff.get(f"{API}/{made}")).json()["status"] == "draft"


async def test_the_team_sees_the_pause_and_the_command_that_ends_it(staff: httpx.AsyncClient, paused: None) -> None:
    page = (await staff.get("/lettres/equipe")).text
    assert "Les envois sont en pause" in page
    assert "maillage mail resume" in page
    assert "Sending is paused" in (await staff.get("/lettres/equipe?lang=en")).text
