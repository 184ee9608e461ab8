"""What the events service learns from the registry: names of structures and groups, whatever the order."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from services.embedded import House
from services.events.handlers import HANDLERS
from shared.card import InBatches
from shared.clock import new_id
from shared.contracts import DomainEvent, Envelope
from shared.contracts.registry import GroupRecorded, OrganisationPublished, RegistryDemonstrationRemoved
from tests.service.test_events_places import journal, published, register, training

DAY = date(2026, 1, 5)


def envelope(recorded_at: datetime) -> Envelope:
    return Envelope(new_id(), "registry.any.v1", recorded_at, new_id(), None)


async def hear(house: House, event: DomainEvent, recorded_at: datetime | None = None) -> None:
    db = house.services["events"].db
    async with db.transaction(envelope(recorded_at or datetime.now(UTC))) as tx:
        await HANDLERS[type(event)](event, tx)


def organisation(name: str, **more: Any) -> OrganisationPublished:
    told = {"occurred_on": DAY, "organisation_id": new_id(), "version": 1, "status": "published", "slug": "x"}
    return OrganisationPublished(**(told | {"name": name} | more))


async def known(house: House, sql_name: str) -> str | None:
    async with house.services["events"].db.reading() as tx:
        found: str | None = await tx.fetchval("SELECT name FROM known_organisation WHERE name_key = $1", sql_name)
    return found


async def test_a_structure_typed_without_accents_is_recognised(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    named = organisation(f"Forêts d’Échanges {number}", acronym=f"FDE{number}")
    await hear(house, named)
    gathering = await published(staff, training(number, capacity=5))
    await register(client, gathering, "Aline Roux", organisation=f"forets d'echanges {number}")
    await register(client, gathering, "Bruno Petit", organisation=f"fde{number}")
    await register(client, gathering, "Denis Blanc", organisation="Une autre")
    told = [one.get("organisation_id") for one in await journal(house, gathering, "registration_confirmed")]
    assert told == [str(named.organisation_id), str(named.organisation_id), None]


async def test_the_newest_state_of_a_structure_is_kept_whatever_the_order(house: House, number: int) -> None:
    first = organisation(f"ancien nom {number}")
    second = first.model_copy(update={"version": 2, "name": f"nouveau nom {number}"})
    for event in (second, first, second):
        await hear(house, event)
    assert await known(house, f"nouveau nom {number}") and not await known(house, f"ancien nom {number}")


async def test_the_fictional_structures_go_away_even_when_their_facts_come_late(house: House, number: int) -> None:
    before, end = datetime.now(UTC), datetime.now(UTC) + timedelta(seconds=1)
    for name, moment in (("tot", before), ("tard", end + timedelta(seconds=1))):
        await hear(house, organisation(f"{name} {number}", demonstration=True), moment)
    await hear(house, RegistryDemonstrationRemoved(occurred_on=DAY), end)
    await hear(house, organisation(f"en retard {number}", demonstration=True), before)
    assert await known(house, f"tard {number}")
    assert not await known(house, f"tot {number}") and not await known(house, f"en retard {number}")


async def test_a_gathering_of_a_group_is_named_and_has_its_calendar(
    client: httpx.AsyncClient, staff: httpx.AsyncClient, house: House, number: int
) -> None:
    slug = f"groupe-{number}"
    group = GroupRecorded(
        occurred_on=DAY, group_id=new_id(), version=1, slug=slug, name=f"Groupe {number}", kind="country_group"
    )
    await hear(house, group)
    gathering = await published(staff, training(number, group=slug))
    shown = (await client.get(f"/api/events/v1/gatherings/{gathering['id']}")).json()
    assert (shown["group"], shown["group_name"]) == (slug, f"Groupe {number}")
    assert gathering["id"] in (await client.get(f"/agenda/groupe/{slug}.ics")).text
    assert f"Groupe {number}" in (await client.get("/agenda", params={"group": slug})).text


async def test_structures_told_together_are_each_kept_at_their_newest(house: House, number: int) -> None:
    before, end = datetime.now(UTC), datetime.now(UTC) + timedelta(seconds=1)
    old = organisation(f"avant ensemble {number}")
    new = old.model_copy(update={"version": 3, "name": f"apres ensemble {number}"})
    fictional = organisation(f"fictif ensemble {number}", demonstration=True)
    await hear(house, RegistryDemonstrationRemoved(occurred_on=DAY), end)
    told = [(event, envelope(before)) for event in (new, old, fictional, organisation(f"autre ensemble {number}"), new)]
    handler = HANDLERS[type(old)]
    assert isinstance(handler, InBatches)
    async with house.services["events"].db.transaction() as tx:
        await handler.together(told, tx)
    for name, kept in (("apres", True), ("avant", False), ("fictif", False), ("autre", True)):
        assert bool(await known(house, f"{name} ensemble {number}")) is kept, name
