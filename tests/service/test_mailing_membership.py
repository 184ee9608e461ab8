"""Leaving a group, coming back late, a mailbox that refused once: letters go where they are wanted, and only there."""

import re
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest

from services.embedded import House
from services.mailing.chores import forget_people
from services.mailing.commands.membership import join_group, leave_group
from services.mailing.handlers import start_ticked_letters
from shared.clock import new_id, now, today
from shared.contracts import DomainEvent, Envelope, person_key
from shared.contracts.registry import GroupLeft, GroupMemberNamed, ListingContactConfirmed
from tests.conftest import Mailbox, eventually
from tests.service.test_mailing_subscriptions import facts_of, subscribe


def key(house: House, email: str) -> str:
    return person_key(email, house.services["mailing"].settings.people_secret)


def told(event: DomainEvent, moment: datetime) -> Envelope:
    return Envelope(new_id(), event.contract(), moment, new_id(), None)


def named(house: House, email: str, membership: UUID, slug: str) -> GroupMemberNamed:
    return GroupMemberNamed(
        person_key=key(house, email),
        email=email,
        name="Awa",
        membership_id=membership,
        group_slug=slug,
        group_name="Mali",
        leave_url="https://a.example/adhesion/x",
    )


def left(membership: UUID, version: int = 2) -> GroupLeft:
    return GroupLeft(occurred_on=today(), membership_id=membership, version=version, group_id=new_id(), status="left")


async def handle(house: House, event: GroupMemberNamed | GroupLeft, moment: datetime) -> None:
    async with house.services["mailing"].db.transaction(told(event, moment)) as tx:
        if isinstance(event, GroupLeft):
            await leave_group(event, tx)
        else:
            await join_group(event, tx)


async def topics(house: House, email: str) -> list[str]:
    async with house.services["mailing"].db.reading() as tx:
        return (
            await tx.fetchval("SELECT topics FROM subscriber WHERE email = $1 AND status = 'subscribed'", email) or []
        )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_the_letter_of_a_group_ends_with_membership_in_either_order(
    house: House, number: int, order: tuple[int, int]
) -> None:
    email, membership, moment = f"partie{number}@poste.example", new_id(), now()
    steps: list[tuple[GroupMemberNamed | GroupLeft, datetime]]
    steps = [(named(house, email, membership, "mali"), moment), (left(membership), moment + timedelta(seconds=1))]
    for index in order:
        await handle(house, *steps[index])
    assert await topics(house, email) == []
    await handle(house, named(house, email, membership, "mali"), now() + timedelta(seconds=5))
    assert await topics(house, email) == ["group:mali"]


async def test_leaving_a_group_keeps_the_other_letters(
    house: House, client: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    email, membership = f"garde{number}@poste.example", new_id()
    await subscribe(client, mailbox, email)
    await handle(house, named(house, email, membership, "togo"), now())
    assert await topics(house, email) == ["group:togo", "newsletter"]
    await handle(house, left(membership), now())
    assert await topics(house, email) == ["newsletter"]
    async with house.services["mailing"].db.transaction() as tx:
        await tx.execute(
            """UPDATE known_membership
               SET named_at = named_at - interval '31 days', left_at = left_at - interval '31 days'
               WHERE membership_id = $1""",
            membership,
        )
    await forget_people(house.services["mailing"])
    async with house.services["mailing"].db.reading() as tx:
        assert not await tx.fetchval("SELECT true FROM known_membership WHERE membership_id = $1", membership)
    assert (await facts_of(house, email))[-1] == ("subscription_changed", 3)


async def test_whoever_is_in_a_group_by_two_names_leaves_by_the_second(house: House, number: int) -> None:
    email, first, second = f"deux-noms{number}@poste.example", new_id(), new_id()
    await handle(house, named(house, email, first, "niger"), now())
    await handle(house, named(house, email, second, "niger"), now())
    await handle(house, left(first), now())
    assert await topics(house, email) == ["group:niger"]
    await handle(house, left(second), now())
    assert await topics(house, email) == []


async def test_coming_back_after_the_address_was_forgotten_is_answered_in_a_sentence(
    house: House, client: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    email = f"oubliee{number}@poste.example"
    page = await subscribe(client, mailbox, email)
    await client.post(f"{page}/fin")
    async with house.services["mailing"].db.transaction() as tx:
        await tx.execute("UPDATE subscriber SET ended_at = now() - interval '31 days' WHERE email = $1", email)
    await forget_people(house.services["mailing"])
    for path, body in ((f"{page}/retour", {}), (page, {"topics": "newsletter"})):
        answer = await client.post(path, data=body)
        assert answer.status_code == 409
        assert "abonnez-vous de nouveau" in answer.text


async def refuse(house: House, email: str, moment: datetime) -> None:
    async with house.services["mailing"].db.transaction() as tx:
        await tx.execute(
            "INSERT INTO suppression (person_key, reason, since) VALUES ($1, 'refused', $2)", key(house, email), moment
        )
        await tx.execute("UPDATE subscription_request SET asked_at = asked_at - interval '2 hours'")


async def is_suppressed(house: House, email: str) -> bool:
    async with house.services["mailing"].db.reading() as tx:
        return bool(await tx.fetchval("SELECT count(*) FROM suppression WHERE person_key = $1", key(house, email)))


async def test_a_mailbox_that_refused_and_confirms_again_gets_letters_again(
    house: House, client: httpx.AsyncClient, mailbox: Mailbox, number: int
) -> None:
    email = f"revenue{number}@poste.example"
    await subscribe(client, mailbox, email)
    await refuse(house, email, now())
    before = len(await mailbox.to(email))
    await client.post("/api/mailing/v1/subscriptions", json={"email": email})
    await mailbox_holds(mailbox, email, before + 1)
    newest = (await mailbox.first(email, "Confirmez"))["text"]
    found = re.search(r"https?://\S+/lettres/confirmation/\S+", newest)
    assert found and await is_suppressed(house, email)
    assert (await client.post(found[0])).status_code == 303
    assert not await is_suppressed(house, email)


async def mailbox_holds(mailbox: Mailbox, email: str, count: int) -> None:
    async def look() -> bool:
        return len(await mailbox.to(email)) >= count

    await eventually(look)


async def test_a_confirmation_told_late_does_not_undo_a_later_refusal(house: House, number: int) -> None:
    email = f"tard{number}@poste.example"
    await refuse(house, email, now())
    event = ListingContactConfirmed(
        person_key=key(house, email),
        email=email,
        topics=["newsletter"],
        request_id=new_id(),
        organisation_name="Pont",
        follow_url="https://a.example/demande/x",
    )
    for hours, refused in ((-1, True), (1, False)):
        async with house.services["mailing"].db.transaction(told(event, now() + timedelta(hours=hours))) as tx:
            await start_ticked_letters(event, tx)
        assert await is_suppressed(house, email) is refused


async def test_the_proof_of_a_consent_is_in_the_words_that_were_read(house: House, number: int) -> None:
    email = f"words{number}@poste.example"
    event = named(house, email, new_id(), "mali").model_copy(update={"lang": "en"})
    await handle(house, event, now())
    async with house.services["mailing"].db.reading() as tx:
        words = await tx.fetchval("SELECT proof_words FROM subscriber WHERE email = $1", email)
    assert words == "One click confirms that you join this group and want to receive its letters."
