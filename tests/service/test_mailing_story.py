"""One story is followed by its id, from the form to the mail."""

from typing import Any

import httpx
from structlog.testing import capture_logs

from tests.conftest import Mailbox, eventually
from tests.service.test_registry_listing import asked


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
