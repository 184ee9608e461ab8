"""The figures rebuilt from the stream alone are the same, whatever was spoilt meanwhile; a second replay is refused."""

import asyncio
from typing import Any

import httpx
import pytest

from services.embedded import House
from services.observatory.domain import ReplayIncomplete, ReplayUnderWay
from services.observatory.queries.checks import figure_faults
from services.observatory.replay import replay
from shared.bus.bus import connect
from shared.clock import new_id
from shared.contracts import DomainEvent, events, mailing, registry
from shared.contracts.examples import EXAMPLES
from shared.db import Database
from tests.conftest import eventually
from tests.service.test_observatory_figures import API, gathering, organisation, registration

NAMED = ("fact", "state", "demonstration_removal", "figure", "dashboard", "revocation")


@pytest.fixture
def db(house: House) -> Database:
    return house.services["observatory"].db


@pytest.fixture
async def owner(house: House) -> Any:
    async def closed() -> None:
        return None

    settings = house.settings.model_copy(update={"nats_url": house.system.nats_url("owner")})
    client = await connect(settings, "owner", closed)
    yield client
    await client.close()


async def say(house: House, *facts: DomainEvent) -> None:
    """Said by the services themselves, so that the stream carries it."""
    for fact in facts:
        async with house.services[fact.service].db.transaction() as tx:
            tx.emit(fact)


async def named_tables(db: Database) -> dict[str, list[str]]:
    async with db.connection() as connection:
        return {
            table: [row[0] for row in await connection.fetch(f"SELECT t::text FROM {table} AS t ORDER BY 1")]
            for table in NAMED
        }


async def test_a_replay_gives_the_same_tables_to_the_byte_and_figures_go_on(
    house: House, db: Database, owner: Any, client: httpx.AsyncClient
) -> None:
    await _forget_what_never_was_on_the_stream(db)
    training = gathering(1970)
    left = registration(training.gathering_id, 1970).model_dump() | {"version": 2, "status": "cancelled"}
    fictional = [gathering(1970, demonstration=True) for _ in range(3)]
    await say(
        house,
        *(organisation(1970) for _ in range(20)),
        *(registration(training.gathering_id, 1970) for _ in range(5)),
        events.RegistrationCancelled(**left),
        training,
        *fictional,
        EXAMPLES[events.EventsDemonstrationRemoved],
        EXAMPLES[mailing.SubscriptionConfirmed],
        EXAMPLES[registry.ListingRequested],
        EXAMPLES[registry.ListingAccepted],
    )

    async def shown() -> bool:
        found = (await client.get(f"{API}/indicators/organisations?year=1970")).json()
        others = (await client.get(f"{API}/indicators/gatherings?year=1970")).json()
        return found["value"] == 20 and others["value"] == 1

    await eventually(shown, 20)
    await eventually(lambda: _level(house, db), 20)
    before = await named_tables(db)
    async with db.transaction() as tx:
        await tx.execute("DELETE FROM fact WHERE aggregate = 'organisation'")
        await tx.execute("UPDATE state SET body = '{}' WHERE aggregate = 'registration'")
        assert await figure_faults(tx) != []
    progress: list[tuple[int, int]] = []
    done = await replay(db, owner, house.settings.network, lambda so_far, total: progress.append((so_far, total)))
    assert progress[-1][0] == done >= 33
    assert await named_tables(db) == before
    async with db.reading() as tx:
        assert await figure_faults(tx) == []
        assert await tx.fetchval("SELECT count(*) FROM journal WHERE contract NOT LIKE 'observatory.%'") == 0
    await say(house, organisation(1970))
    found = await eventually(lambda: _value(client, 21), 10)
    assert found


async def _value(client: httpx.AsyncClient, wanted: int) -> bool:
    found = (await client.get(f"{API}/indicators/organisations?year=1970")).json()
    return bool(found["value"] == wanted)


async def _level(house: House, db: Database) -> bool:
    """Whether the observatory has heard everything that was said."""
    said = 0
    for name in ("registry", "events", "mailing"):
        async with house.services[name].db.reading() as tx:
            said += await tx.fetchval("SELECT count(*) FROM journal WHERE stream = 'FACTS'")
    async with db.reading() as tx:
        return bool(await tx.fetchval("SELECT count(*) FROM inbox") >= said)


async def _forget_what_never_was_on_the_stream(db: Database) -> None:
    """Other tests call handlers by hand: their facts are in no journal, and a replay rightly knows nothing of them."""
    async with db.transaction() as tx:
        await tx.execute("DELETE FROM fact WHERE event_id NOT IN (SELECT event_id FROM inbox)")
        await tx.execute("DELETE FROM state WHERE event_id NOT IN (SELECT event_id FROM inbox)")
        await tx.execute("DELETE FROM demonstration_removal")
        await tx.execute(
            """INSERT INTO demonstration_removal SELECT service, max(recorded_at) FROM fact
               WHERE aggregate = 'demonstration' GROUP BY service"""
        )


async def test_a_replay_started_twice_is_refused_the_second_time(house: House, db: Database, owner: Any) -> None:
    both = [replay(db, owner, house.settings.network, lambda _done, _total: None) for _ in range(2)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sum(isinstance(outcome, ReplayUnderWay) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 1


async def test_a_stream_that_lost_counted_facts_is_not_swapped_in(house: House, db: Database, owner: Any) -> None:
    lost = new_id()
    async with db.transaction() as tx:
        await tx.execute("INSERT INTO inbox (consumer, event_id) VALUES ('observatory-facts', $1)", lost)
    before = await named_tables(db)
    with pytest.raises(ReplayIncomplete):
        await replay(db, owner, house.settings.network, lambda _done, _total: None)
    assert await named_tables(db) == before
    async with db.transaction() as tx:
        await tx.execute("DELETE FROM inbox WHERE event_id = $1", lost)
        assert await tx.fetchval("SELECT to_regnamespace('replay') IS NULL")
