"""The disk of PostgreSQL full, then that of NATS, as people register."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import eventually
from tests.e2e.apart import Apart
from tests.faults.alone import alone
from tests.faults.disks import Disk, MountRefused, three_disks
from tests.faults.ledger import Ledger
from tests.faults.report import Account

RECOVERED_SECONDS = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder."""
    return tmp_path_factory.mktemp("disks") / "servers"


@pytest.fixture(scope="module")
def disks(folder: Path) -> Iterator[tuple[Disk, Disk]]:
    """The disks of PostgreSQL and of NATS; without the right to mount, these tests are skipped."""
    try:
        with three_disks(folder) as found:
            yield found
    except MountRefused as error:
        pytest.skip(f"no small disk can be mounted here: {error}")


@pytest.fixture(scope="module")
async def house(folder: Path, disks: tuple[Disk, Disk]) -> AsyncIterator[Apart]:
    """Four services whose servers live on these disks."""
    async with alone(folder) as town:
        yield town


async def test_fault_15_a_full_database_says_503_and_recovers_by_itself(
    house: Apart, disks: tuple[Disk, Disk], account: Account, long: bool
) -> None:
    database, _bus = disks
    ledger = await Ledger.opened(house, "Réunion au disque plein")
    if long:
        refused, recovered = await _full(house, database, ledger, 30, wal=False)
        account.did("the disk of PostgreSQL filled to the last page while people register, then emptied.")
        account.figure("answers 503 while it was full", refused)
        account.figure("next registration after there was room (s)", round(recovered, 1))
    refused, recovered = await _full(house, database, ledger, 30 if long else 2, wal=True)
    account.did("filled with no room left in the write-ahead log: PostgreSQL stops, and its keeper starts it again.")
    account.figure("without a log: answers 503; next registration after room (s)", f"{refused}; {recovered:.1f}")
    account.figure("told 201 and lost, told 503 and kept twice, answers 500", 0)
    account.limit("the disks are small and in memory; where none may be mounted, the test is skipped and says so.")


async def _full(house: Apart, database: Disk, ledger: Ledger, seconds: float, wal: bool) -> tuple[int, float]:
    """Full for so long, while people press again; how many were told 503, and how long the way back took."""
    before = ledger.answers[503]
    async with ledger.crowd(f"Aline {wal}"), ledger.crowd(f"Bruno {wal}"):
        await asyncio.sleep(0.3)
        database.fill()
        try:
            await eventually(lambda: _refused(house, database, ledger, before, wal), 60)
            await asyncio.sleep(seconds)
        finally:
            database.empty()
        began, told = time.monotonic(), len(ledger.told)

        async def told_again() -> bool:
            return len(ledger.told) > told

        await eventually(told_again, RECOVERED_SECONDS)
        recovered = time.monotonic() - began
    await ledger.level()
    assert set(ledger.answers) <= {201, 503}, ledger.answers
    assert not ledger.without_retry_after
    return ledger.answers[503] - before, recovered


async def _refused(house: Apart, database: Disk, ledger: Ledger, before: int, wal: bool) -> bool:
    """Whether people are told 503; `wal` uses up what the log had put aside, so that PostgreSQL itself stops."""
    database.fill()
    if wal:
        assert house.system.postgres is not None and house.system.postgres.process is not None
        if not house.system.postgres.process.alive:
            return True
        try:
            owner = await asyncpg.connect(house.system.owner_url or "", timeout=2)
            await owner.execute("CREATE TEMP TABLE IF NOT EXISTS page (n int); SELECT pg_switch_wal()")
            await owner.close()
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return True
        return False
    return ledger.answers[503] > before + 3


async def test_fault_15_a_full_bus_loses_nothing_and_recovers_by_itself(
    house: Apart, disks: tuple[Disk, Disk], account: Account, long: bool
) -> None:
    _database, bus = disks
    ledger = await Ledger.opened(house, "Réunion au bus plein")
    async with ledger.crowd("Chloe"):
        await asyncio.sleep(0.3)
        bus.fill()
        try:

            async def waiting() -> bool:
                bus.fill()
                rows = await house.rows("events", "SELECT count(*) FROM journal WHERE stream_seq IS NULL")
                return bool(rows[0][0] > 20)

            await eventually(waiting, 60)
            seen = await ledger.faults()
            await asyncio.sleep(30 if long else 1)
        finally:
            bus.empty()
        began = time.monotonic()
    await ledger.level(RECOVERED_SECONDS)
    took = time.monotonic() - began
    assert set(ledger.answers) == {201}, "forms go on without the bus"
    assert seen, "while it was full, the judge saw what had not arrived"
    account.did("the disk of NATS filled to the last page while people register, then emptied.")
    account.figure("answers other than 201 meanwhile", ledger.posts - ledger.answers[201])
    account.figure("level again after there was room (s)", round(took, 1))
    account.control(f"while the bus could not write, {len(seen)} differences were seen.")
