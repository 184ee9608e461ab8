"""Service mails leave once, say what is so, and subscriptions start by one visible click."""

from typing import Any

from services.embedded import House
from shared.clock import new_id, today
from shared.contracts import person_key
from shared.contracts.events import RegistrantNamed, RegistrationCancelled
from shared.contracts.registry import GroupMemberNamed, GroupRecorded, ListingContactConfirmed, SignInLinkAsked
from tests.conftest import Mailbox, eventually


def key(house: House, email: str) -> str:
    return person_key(email, house.services["mailing"].settings.people_secret)


async def emit(house: House, service: str, *events: Any) -> None:
    async with house.services[service].db.transaction() as tx:
        for event in events:
            tx.emit(event)


async def test_a_sign_in_link_arrives_once_in_both_forms(house: House, mailbox: Mailbox, number: int) -> None:
    email = f"entree{number}@poste.example"
    asked = SignInLinkAsked(
        person_key=key(house, email), email=email, sign_in_url="https://reseau.example/connexion/abc", valid_minutes=20
    )
    await emit(house, "registry", asked)
    mail = await mailbox.first(email, "lien de connexion")
    assert "https://reseau.example/connexion/abc" in mail["text"]
    assert "pendant 20 minutes" in mail["text"]
    assert 'lang="fr"' in mail["html"] and "connexion/abc" in mail["html"]


async def test_the_fictional_season_is_never_written_to(house: House, mailbox: Mailbox, number: int) -> None:
    email = f"fictive{number}@poste.example"
    words: dict[str, Any] = {"person_key": key(house, email), "email": email, "valid_minutes": 5}
    await emit(house, "registry", SignInLinkAsked(sign_in_url="https://a.example/1", demonstration=True, **words))
    await emit(house, "registry", SignInLinkAsked(sign_in_url="https://a.example/2", **words))
    await mailbox.first(email)
    assert [one["subject"] for one in await mailbox.to(email)] == ["Votre lien de connexion"]


async def test_a_confirmation_overtaken_by_a_cancellation_does_not_leave(
    house: House, mailbox: Mailbox, number: int
) -> None:
    email, registration, gathering = f"parti{number}@poste.example", new_id(), new_id()
    gone = RegistrationCancelled(
        occurred_on=today(),
        registration_id=registration,
        version=2,
        gathering_id=gathering,
        person_id=new_id(),
        status="cancelled",
    )
    await emit(house, "events", gone)
    db = house.services["mailing"].db

    async def known() -> Any:
        async with db.reading() as tx:
            return await tx.fetchval("SELECT 1 FROM known_registration WHERE registration_id = $1", registration)

    await eventually(known)
    named = RegistrantNamed(
        person_key=key(house, email),
        email=email,
        name="Awa",
        registration_id=registration,
        registration_version=1,
        gathering_id=gathering,
        gathering_title="Coopérer",
        gathering_url="https://a.example/agenda/c",
        manage_url="https://a.example/m",
        status="confirmed",
    )
    await emit(house, "events", named)

    async def skipped() -> Any:
        async with db.reading() as tx:
            return await tx.fetchval("SELECT state = 'skipped' FROM outgoing WHERE registration_id = $1", registration)

    await eventually(skipped)
    assert await mailbox.to(email) == []


async def test_a_member_is_welcomed_and_gets_the_letter_of_the_group(
    house: House, mailbox: Mailbox, number: int
) -> None:
    email, slug = f"membre{number}@poste.example", f"togo-{number}"
    await emit(
        house,
        "registry",
        GroupRecorded(
            occurred_on=today(), group_id=new_id(), version=1, slug=slug, name="Groupe Togo", kind="country_group"
        ),
        GroupMemberNamed(
            person_key=key(house, email),
            email=email,
            membership_id=new_id(),
            group_slug=slug,
            group_name="Groupe Togo",
            leave_url="https://a.example/quitter",
        ),
    )
    mail = await mailbox.first(email, "Bienvenue")
    assert "https://a.example/quitter" in mail["text"]
    async with house.services["mailing"].db.reading() as tx:
        row = await tx.fetchrow("SELECT topics, status, proof_event FROM subscriber WHERE email = $1", email)
    assert row and row["topics"] == [f"group:{slug}"] and row["status"] == "subscribed" and row["proof_event"]


async def test_a_ticked_letter_starts_with_the_confirmed_address_as_proof(house: House, number: int) -> None:
    email = f"contact{number}@poste.example"
    event = ListingContactConfirmed(
        person_key=key(house, email),
        email=email,
        request_id=new_id(),
        organisation_name="Puits partagés",
        department="33",
        follow_url="https://a.example/suivi",
        topics=["newsletter", "calls"],
    )
    await emit(house, "registry", event)
    db = house.services["mailing"].db

    async def started() -> Any:
        async with db.reading() as tx:
            return await tx.fetchrow("SELECT topics, department, proof_words FROM subscriber WHERE email = $1", email)

    row = await eventually(started)
    assert row["topics"] == ["calls", "newsletter"] and row["department"] == "33"
    assert "confirmée par un clic" in row["proof_words"]
