"""The leader of a NATS cluster of three killed again and again, as people register."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from nats.aio.client import Client

from shared.bus.bus import connect
from shared.clock import now
from shared.settings import Settings
from tests.conftest import eventually
from tests.e2e.apart import Apart
from tests.faults.alone import alone
from tests.faults.cluster import NODES, Cluster, cluster
from tests.faults.ledger import Ledger
from tests.faults.report import Account

RESUMED_SECONDS = 10


@pytest.fixture(scope="module")
async def three(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    """The cluster."""
    async with cluster(tmp_path_factory.mktemp("cluster")) as nodes:
        yield nodes


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, three: Cluster) -> AsyncIterator[Apart]:
    """Four services whose bus is the cluster, each stream three times."""
    async with alone(tmp_path_factory.mktemp("house"), nats_url=three.url, nats_replicas=NODES) as town:
        yield town


@pytest.fixture(scope="module")
async def owner(three: Cluster) -> AsyncIterator[Client]:
    """The bus seen by its owner."""

    async def closed() -> None:
        return None

    client = await connect(Settings(nats_url=three.url.replace("{user}", "owner")), "owner", closed)
    yield client
    await client.close()


async def test_fault_06_nothing_is_lost_and_writes_resume(
    house: Apart, three: Cluster, owner: Client, account: Account, chance: random.Random, long: bool
) -> None:
    kills = 6 if long else 1
    ledger = await Ledger.opened(house, "Réunion au chef coupé")
    await _until_whole(three, owner)
    resumed: list[float] = []
    async with ledger.crowd("Aline", 0.2), ledger.crowd("Bruno", 0.2):
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.2, 1.0))
            leader = await three.leader(owner)
            await leader.kill()
            resumed.append(await _writes_resume(house))
            await leader.start()
            await _until_whole(three, owner)
    missing = await _without_a_majority(house, three, owner, ledger)
    level = await ledger.level()
    assert set(ledger.answers) == {201}, ledger.answers
    account.did(
        f"kill -9 of the node that leads FACTS, {kills} times, in a cluster of {NODES} that keeps each stream {NODES} "
        "times; started again once writes had resumed."
    )
    account.figure("registrations told 201; other answers", f"{len(ledger.told)}; 0")
    account.figure("lost, or doubled, in database, figures and mail", 0)
    account.figure("writes resumed after (s)", ", ".join(f"{one:.1f}" for one in resumed))
    account.figure("level again at the end (s); what was not acknowledged comes again after 20 s", round(level, 1))
    account.control(f"with two nodes of three down, no write resumed, and {missing} differences were seen.")
    account.limit("three nodes on one machine: a network that splits is not played.")
    assert max(resumed) <= RESUMED_SECONDS, resumed


async def _without_a_majority(house: Apart, three: Cluster, owner: Client, ledger: Ledger) -> int:
    """The control: the guard is the majority; with one node of three nothing is written, and the judge says so."""
    leader = await three.leader(owner)
    down = [leader, next(node for node in three.nodes if node is not leader)]
    await asyncio.gather(*(node.kill() for node in down))
    for number in range(3):
        await ledger.register(f"Chloe {number:04}")
    with pytest.raises(AssertionError):
        await _writes_resume(house, 3)
    missing = await ledger.faults()
    assert missing, "what has not arrived is seen"
    await asyncio.gather(*(node.start() for node in down))
    return len(missing)


async def _writes_resume(house: Apart, seconds: float = 30) -> float:
    """Seconds until the stream has acknowledged a fact that was recorded after now."""
    started, moment = time.monotonic(), now()

    async def acknowledged() -> bool:
        rows = await house.rows(
            "events",
            "SELECT EXISTS (SELECT FROM journal WHERE recorded_at > $1 AND stream_seq IS NOT NULL) AS some",
            moment,
        )
        return bool(rows[0]["some"])

    await eventually(acknowledged, seconds)
    return time.monotonic() - started


async def _until_whole(three: Cluster, owner: Client) -> None:
    async def whole() -> bool:
        with suppress(Exception):
            return await three.whole(owner)
        return False

    await eventually(whole, 60)
