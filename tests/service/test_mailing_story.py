"""One story is followed by its id, from the form to the mail."""

from typing import Any
from uuid import UUID

import httpx
from structlog.testing import capture_logs

from services.embedded import House
from tests.conftest import Mailbox, eventually
from tests.service.test_mailing_letters import API, add_reader, empty, sent
from tests.service.test_registry_listing import asked

__all__ = ["empty"]


async def test_a_story_is_followed_from_the_form_to_the_mail(
    client: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    email = f"histoire{number}@poste.example"
    with capture_logs() as said:
        answer = await client.post("/api/mailing/v1/subscriptions", json={"email": email})
        mail = await mailbox.first(email)
        story = answer.headers["X-Correlation-Id"]

        async def told() -> list[Any]:
            return [one for one in said if one["event"] == "mail accepted" and str(one.get("correlation_id")) == story]

        lines = await eventually(told)
    assert mail["headers"]["X-Correlation-Id"] == story
    assert [one["kind"] for one in lines] == ["mailing.confirm_subscription"]
    assert email not in str(lines)


async def test_a_story_crosses_the_bus(client: httpx.AsyncClient, mailbox: Mailbox, number: int) -> None:
    email = f"traverse{number}@poste.example"
    answer = await client.post("/api/registry/v1/listing-requests", json=asked(number, contact_email=email))
    assert answer.status_code == 201
    mail = await mailbox.first(email)
    assert mail["headers"]["X-Correlation-Id"] == answer.headers["X-Correlation-Id"]


async def test_a_letter_carries_the_story_of_its_approval(
    empty: None, house: House, staff: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    email = f"approuvee{number}@poste.example"
    await add_reader(house, email)
    body = {"kind": "targeted", "subject": "Un mot", "text": "Bonjour", "topic": "newsletter"}
    draft = (await staff.post(API, json=body)).json()
    approval = await staff.post(f"{API}/{draft['id']}/approval", json={})
    await sent(staff, draft["id"])
    story = approval.headers["X-Correlation-Id"]
    assert (await mailbox.first(email))["headers"]["X-Correlation-Id"] == story
    async with house.services["mailing"].db.reading() as tx:
        told = await tx.fetch("SELECT contract FROM journal WHERE correlation_id = $1 ORDER BY position", UUID(story))
    assert [row["contract"].split(".")[1] for row in told] == [
        "campaign_approved",
        "letter_accepted",
        "campaign_finished",
    ]
