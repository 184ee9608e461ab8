"""A person goes from all four services, with a receipt; whoever comes back starts afresh."""

import asyncio
import re
import sys
import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.embedded import House
from services.houses import CARDS
from services.purging import apply_again, note_done, remember_receipts, requested_here, requested_in
from shared.bus.bus import connect
from shared.contracts import PEOPLE, person_key
from shared.web.session import new_session
from tests.conftest import Mailbox, anybody, bearer, eventually, standing
from tests.service.test_events_places import published, register, registrations, training
from tests.service.test_mailing_subscriptions import subscribe
from tests.service.test_registry_listing import asked

NAME = "Maïwenn Tanguy Oubrerie"
ERASURES = "/api/registry/v1/erasures"
TEXTUAL = ("text", "jsonb", "json", "bytea", "uuid", "citext", "name", "ARRAY", "character varying")


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house of their own: these tests look at whole figures and whole databases."""
    async with standing(tmp_path_factory.mktemp("erasure")) as here:
        yield here


@pytest.fixture(scope="module")
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with anybody(house) as made:
        yield made


@pytest.fixture(scope="module")
async def staff(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with anybody(house) as made:
        made.headers["Authorization"] = bearer(house, "administrator")
        yield made


@pytest.fixture(scope="module")
def mailbox(client: httpx.AsyncClient) -> Mailbox:
    return Mailbox(client)


async def places_of(house: House, *words: str) -> list[str]:
    """Every column of the four databases in which one of these words stands, whatever its type."""
    found = []
    for service in CARDS:
        async with house.services[service].db.reading() as tx:
            columns = await tx.fetch(
                """SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables
                   USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"""
            )
            for table, column in columns:
                for word in words:
                    held = await tx.connection.fetchval(
                        f"""SELECT count(*) FROM "{table}" WHERE "{column}"::text ILIKE $1
                            OR CASE WHEN pg_typeof("{column}")::text = 'bytea'
                                    THEN position(convert_to($2, 'UTF8') IN "{column}"::text::bytea) > 0
                                    ELSE false END""",
                        f"%{word}%",
                        word,
                    )
                    found += [f"{service}.{table}.{column}: {held} × {word}"] if held else []
    return found


async def on_the_stream(house: House, key: str) -> int:
    """Messages that the stream of people still holds for somebody."""

    async def closed() -> None:
        return None

    settings = house.settings.model_copy(update={"nats_url": house.system.nats_url("owner")})
    bus = await connect(settings, "owner", closed)
    try:
        subjects = f"people.{house.settings.network}.*.*.*.{key}"
        info = await bus.jetstream(timeout=5).stream_info(PEOPLE, subjects_filter=subjects)
        return sum((info.state.subjects or {}).values())
    finally:
        await bus.close()


def on_the_disk_of_the_bus(house: House, word: str) -> int:
    """How often the files of the stream of people hold a word, whatever the bus answers."""
    blocks = (house.settings.data / "nats").rglob(f"{PEOPLE}/msgs/*.blk")
    return sum(block.read_bytes().count(word.encode()) for block in blocks)


async def figures(client: httpx.AsyncClient) -> dict[str, Any]:
    """Every figure that anybody may read."""
    listed = (await client.get("/api/observatory/v1/indicators")).json()["items"]
    return {one["id"]: (one["value"], one["n"]) for one in listed}


async def verified(house: House) -> str:
    """What `maillage verify` says of this house."""
    maillage = Path(sysconfig.get_path("scripts")) / "maillage"
    ended = await asyncio.create_subprocess_exec(
        *(sys.executable, str(maillage), "verify"),
        env={"MAILLAGE_DATA": str(house.settings.data)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await ended.communicate()
    assert ended.returncode == 0, said.decode()
    return said.decode()


async def complete(staff: httpx.AsyncClient, erasure_id: str, seconds: float = 40) -> dict[str, Any]:
    """The receipt, once all is done."""

    async def look() -> dict[str, Any] | None:
        found: dict[str, Any] = (await staff.get(f"{ERASURES}/{erasure_id}")).json()
        return found if found["status"] == "complete" else None

    return await eventually(look, seconds)


async def erased(staff: httpx.AsyncClient, email: str) -> dict[str, Any]:
    answer = await staff.post(ERASURES, json={"email": email})
    assert answer.status_code == 201, answer.text
    return await complete(staff, answer.json()["id"])


def counts(receipt: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {part["service"]: part["counts"] for part in receipt["services"]}


async def press(client: httpx.AsyncClient, mailbox: Mailbox, email: str, about: str, path: str) -> httpx.Response:
    """Open a mail's link and press its one button."""
    mail = await mailbox.first(email, about)
    link = re.search(rf"https?://\S+{path}/\S+", mail["text"])
    assert link
    assert (await client.get(link[0])).status_code == 200
    return await client.post(link[0])


async def level(house: House) -> None:
    """Wait until no fact and no mail is on its way."""

    async def quiet() -> bool:
        waiting = 0
        for service in CARDS:
            async with house.services[service].db.reading() as tx:
                waiting += await tx.fetchval(
                    "SELECT count(*) FROM journal WHERE stream_seq IS NULL AND body IS NOT NULL"
                )
        async with house.services["mailing"].db.reading() as tx:
            waiting += await tx.fetchval("SELECT count(*) FROM outgoing WHERE state IN ('queued', 'sending')")
        return not waiting

    await eventually(quiet, 20)
    await asyncio.sleep(0.5)


async def live_a_life(house: House, client: httpx.AsyncClient, staff: httpx.AsyncClient, email: str) -> dict[str, Any]:
    """Somebody does all that people do here; the gathering where they have a place."""
    mailbox = Mailbox(client)
    person = {"email": email}
    gathering = await published(staff, training(801, capacity=2))
    full = await published(staff, training(802, title="Atelier complet", capacity=1))
    key = {"Idempotency-Key": f"cle-{email}"}
    path = f"/api/events/v1/gatherings/{gathering['id']}/registrations"
    body = {"name": NAME, "organisation": f"Chez {NAME}", **person}
    assert (await client.post(path, json=body, headers=key)).status_code == 201
    await register(client, full, "Bruno Petit", email="bruno.petit@mairie.example")
    assert (await register(client, full, NAME, **person)).json()["status"] == "waiting"
    assert (await register(client, full, "Chloé Morin", email="chloe.m@mairie.example")).json()["rank"] == 2
    request = asked(801, contact_name=NAME, contact_email=email, topics=["newsletter"], name="Semences du Marsan")
    made = (await client.post("/api/registry/v1/listing-requests", json=request)).json()
    await press(client, mailbox, email, "référencement", "/annuaire/confirmation")
    await staff.post(
        f"/api/registry/v1/listing-requests/{made['id']}/information", json={"message": f"Est-ce {NAME} ?"}
    )
    await client.post("/api/mailing/v1/subscriptions", json=person)
    async with house.services["registry"].db.transaction() as tx:
        await tx.execute(
            "INSERT INTO draft (id, answers) VALUES ('brouillon', $1)", {"contact_email": f" {email.upper()}"}
        )
        await tx.execute("INSERT INTO staff (email, role) VALUES ($1, 'staff')", email)
    await client.post("/connexion", data=person)
    await mailbox.first(email, "connexion")
    await level(house)
    return {"gathering": gathering, "full": full, "request": made["id"]}


async def test_nothing_of_a_person_is_left_and_no_figure_moves(
    house: House, client: httpx.AsyncClient, staff: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    email = "maiwenn.tanguy@marsan.example"
    life = await live_a_life(house, client, staff, email)
    key = person_key(email, house.services["registry"].settings.people_secret)
    held = await places_of(house, email, NAME)
    touched = {place.split(".")[0] for place in held}
    assert touched == {"registry", "events", "mailing"}, held  # the control: the search sees what is there
    assert await on_the_stream(house, key) > 4
    assert on_the_disk_of_the_bus(house, email) > 4
    before, sent = await figures(client), len(await mailbox.to(email))

    receipt = await erased(staff, email)

    assert await places_of(house, email, NAME) == []
    assert await on_the_stream(house, key) == 0
    assert on_the_disk_of_the_bus(house, email) == 0
    assert await figures(client) == before
    assert "agree" in await verified(house)
    assert len(await mailbox.to(email)) == sent + 1, "the receipt, and nothing else"
    assert (await mailbox.first(email))["subject"].startswith("Vos données sont effacées")
    said = counts(receipt)
    assert said["registry"].items() >= {"listing_contacts": 1, "accounts": 1, "drafts": 1}.items()
    assert said["events"].items() >= {"people": 1, "registrations": 2, "answers": 1}.items()
    assert said["mailing"]["subscriptions"] == 1
    assert said["observatory"] == {}
    async with house.services["mailing"].db.reading() as tx:
        assert await tx.fetchval("SELECT reason FROM suppression WHERE person_key = $1", key) == "erased"
    await _the_places_stay(staff, life)


async def _the_places_stay(staff: httpx.AsyncClient, life: dict[str, Any]) -> None:
    """A place that nobody holds is still counted; a rank is given up; the team may give the place on."""
    rows = await registrations(staff, life["gathering"])
    assert [(row["name"], row["email"], row["status"], row["erased"]) for row in rows] == [
        (None, None, "confirmed", True)
    ]
    waiting = {row["name"]: row["rank"] for row in await registrations(staff, life["full"])}
    assert waiting["Chloé Morin"] == 1
    gone = await staff.post(f"/api/events/v1/registrations/{rows[0]['id']}/cancellation")
    assert gone.json()["status"] == "cancelled"
    answer = await staff.post(
        f"/api/registry/v1/listing-requests/{life['request']}/information", json={"message": "Qui êtes-vous ?"}
    )
    assert answer.status_code == 409 and "effacé" in answer.json()["detail"]


async def test_whoever_was_erased_comes_back_and_is_written_to(
    house: House, client: httpx.AsyncClient, staff: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    email = "revient@marsan.example"
    gathering = await published(staff, training(803))
    assert (await register(client, gathering, "Rose Lavigne", email=email)).status_code == 201
    await mailbox.first(email, "inscription")
    await subscribe(client, mailbox, email)
    await erased(staff, email)
    sent = len(await mailbox.to(email))
    assert (await register(client, gathering, "Rose Lavigne", email=email)).json() == {"status": "confirmed"}

    async def written_to() -> bool:
        return len(await mailbox.to(email)) > sent

    await eventually(written_to)
    key = person_key(email, house.services["registry"].settings.people_secret)

    async def suppressed() -> str | None:
        async with house.services["mailing"].db.reading() as tx:
            reason: str | None = await tx.fetchval("SELECT reason FROM suppression WHERE person_key = $1", key)
            return reason

    assert await suppressed() == "erased", "a registration is no consent to letters"
    await client.post("/api/mailing/v1/subscriptions", json={"email": email})

    async def second_link() -> bool:
        return sum("Confirmez" in one["subject"] for one in await mailbox.to(email)) == 2

    await eventually(second_link)
    await press(client, mailbox, email, "Confirmez", "/lettres/confirmation")
    assert await suppressed() is None


async def test_asked_twice_at_once_is_one_receipt_and_one_mail(staff: httpx.AsyncClient, mailbox: Mailbox) -> None:
    email = "deuxfois@marsan.example"
    answers = await asyncio.gather(*(staff.post(ERASURES, json={"email": email}) for _ in range(5)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    await complete(staff, answers[0].json()["id"])
    assert len(await mailbox.to(email)) == 1


async def test_a_person_asks_alone_by_a_link_that_names_nobody_afterwards(
    house: House, client: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    email = "seule@marsan.example"
    first = await client.post("/donnees-personnelles", data={"email": email})
    again = await client.post("/donnees-personnelles", data={"email": email})
    assert (first.status_code, first.headers["location"]) == (again.status_code, again.headers["location"])
    done = await press(client, mailbox, email, "Effacer mes données", "/donnees-personnelles/effacement")
    assert done.status_code == 303
    assert len([one for one in await mailbox.to(email) if "lien" in one["subject"]]) == 1, "one link a day"
    page = await client.get(done.headers["location"])
    assert page.status_code == 200 and "Reçu" in page.text and email not in page.text
    second = await press(client, mailbox, email, "Effacer mes données", "/donnees-personnelles/effacement")
    assert second.headers["location"].split("/")[2] == "recu"
    async with house.services["registry"].db.reading() as tx:
        key = person_key(email, house.services["registry"].settings.people_secret)
        assert await tx.fetchval("SELECT count(*) FROM erasure_receipt WHERE person_key = $1", key) == 1


async def test_a_service_that_was_away_finishes_when_it_is_back(
    house: House, client: httpx.AsyncClient, staff: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    email = "absente@marsan.example"
    gathering = await published(staff, training(804))
    await register(client, gathering, "Irène Duval", email=email)
    await mailbox.first(email, "inscription")
    await house.services["events"].__aexit__(None, None, None)
    try:
        asked_for = (await staff.post(ERASURES, json={"email": email})).json()["id"]

        async def others_done() -> bool:
            parts = (await staff.get(f"{ERASURES}/{asked_for}")).json()["services"]
            return {one["service"] for one in parts if one["status"] == "done"} == {
                "registry",
                "mailing",
                "observatory",
            }

        await eventually(others_done, 30)
        assert (await staff.get(f"{ERASURES}/{asked_for}")).json()["status"] == "under_way"
    finally:
        await house.services["events"].__aenter__()
    await complete(staff, asked_for)
    assert await places_of(house, email, "Irène Duval") == []


async def test_who_registers_meanwhile_is_whole_or_gone_but_never_half(
    house: House, client: httpx.AsyncClient, staff: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    email = "entretemps@marsan.example"
    gatherings = [await published(staff, training(805 + n, title=f"Réunion {n}")) for n in range(8)]
    for gathering in gatherings[:2]:
        await register(client, gathering, "Solène Abadie", email=email)
    asking = asyncio.create_task(staff.post(ERASURES, json={"email": email}))
    for gathering in gatherings[2:]:
        assert (await register(client, gathering, "Solène Abadie", email=email)).status_code == 201
        await asyncio.sleep(0.15)
    receipt = await complete(staff, (await asking).json()["id"])
    await level(house)
    async with house.services["events"].db.reading() as tx:
        rows = await tx.fetch(
            """SELECT p.email <> '' AS whole, EXISTS (
                   SELECT FROM journal WHERE contract = 'events.registrant_named.v1'
                       AND body::jsonb ->> 'registration_id' = r.id::text) AS told
               FROM registration r JOIN person p ON p.id = r.person_id WHERE r.gathering_id = ANY($1)""",
            [gathering["id"] for gathering in gatherings],
        )
    assert len(rows) == 8 and all(row["whole"] == row["told"] for row in rows), rows
    assert counts(receipt)["events"].get("registrations", 0) + sum(row["whole"] for row in rows) == 8
    assert counts(receipt)["events"]["registrations"] >= 2
    assert sum(row["whole"] for row in rows) >= 1, "who registered well after the request stays"
    assert "agree" in await verified(house)


async def test_a_database_that_comes_back_from_before_the_erasure_erases_again(
    house: House, client: httpx.AsyncClient, staff: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    email = "restauree@marsan.example"
    gathering = await published(staff, training(820))
    await register(client, gathering, "Lucie Garat", email=email)
    await mailbox.first(email, "inscription")
    events, registry = house.services["events"].db, house.services["registry"].db
    async with events.reading() as tx:
        kept = await tx.fetch("SELECT * FROM person WHERE email = $1", email)
    await erased(staff, email)
    listed = "\n".join(
        f'{{"erasure_id": "{id}", "person_key": "{key}", "requested_at": "{at.isoformat()}"}}'
        for id, (key, at) in (await requested_here(registry)).items()
    )
    known = requested_in(listed)
    assert known == await requested_here(registry)
    async with events.transaction() as tx:  # what a restore of that one database brings back
        await tx.execute("DELETE FROM erasure WHERE erasure_id = ANY($1)", list(known))
        await tx.execute(
            "UPDATE person SET person_key = $2, name_key = $3, name = $4, email = $5 WHERE id = $1", *kept[0].values()
        )
    assert await places_of(house, email) != []
    await remember_receipts(known, registry)
    assert await apply_again(known, events) == len(known)
    assert await apply_again(known, registry) == 0, "what was finished before stays finished"
    await note_done(registry, "events", events)

    async def gone() -> bool:
        return await places_of(house, email, "Lucie Garat") == []

    await eventually(gone, 20)


@pytest.mark.parametrize(
    ("body", "status"), [({"email": "personne"}, 422), ({}, 422), ({"email": "equipe@so-cooperation.example"}, 409)]
)
async def test_what_cannot_be_erased_says_why(staff: httpx.AsyncClient, body: dict[str, str], status: int) -> None:
    answer = await staff.post(ERASURES, json=body)
    assert answer.status_code == status and answer.json()["detail"]


async def test_an_erasure_is_the_teams_to_ask_and_an_account_an_administrators(
    house: House, client: httpx.AsyncClient
) -> None:
    assert (await client.post(ERASURES, json={"email": "a@marsan.example"})).status_code == 401
    async with house.services["registry"].db.transaction() as tx:
        await tx.execute("INSERT INTO staff (email, role) VALUES ('collegue@marsan.example', 'staff')")
    token = house.services["registry"].signer.session(new_session("staff"), "api-token")
    headers = {"Authorization": f"Bearer {token}"}
    answer = await client.post(ERASURES, json={"email": "collegue@marsan.example"}, headers=headers)
    assert answer.status_code == 403


async def test_the_team_sees_what_will_go_before_anything_does(
    house: House, client: httpx.AsyncClient, staff: httpx.AsyncClient
) -> None:
    page = await staff.post("/annuaire/equipe/effacements", data={"email": "avant@marsan.example"})
    assert page.status_code == 200 and "partagent cette adresse" in page.text
    async with house.services["registry"].db.reading() as tx:
        key = person_key("avant@marsan.example", house.services["registry"].settings.people_secret)
        assert not await tx.fetchval("SELECT EXISTS (SELECT FROM erasure_receipt WHERE person_key = $1)", key)
    done = await staff.post("/annuaire/equipe/effacements/confirmation", data={"email": "avant@marsan.example"})
    assert done.status_code == 303
    assert "Reçu" in (await staff.get(done.headers["location"])).text
    assert "avant@marsan.example" not in (await staff.get("/annuaire/equipe/effacements")).text
