"""The town that every fault strikes: four separate processes, real servers, one session; a seed; an account."""

import os
import random
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.e2e.apart import Apart, apart
from tests.faults import report as page
from tests.faults.servers import Held

_accounts: dict[int, page.Account] = {}
_failed: set[int] = set()


@pytest.fixture(scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Apart]:
    """Four processes, NATS and PostgreSQL, all started by this run and dead with it."""
    async with apart(tmp_path_factory.mktemp("town")) as house:
        yield house


@pytest.fixture(autouse=True)
async def whole(request: pytest.FixtureRequest) -> None:
    """A test that failed half-way leaves a service dead; the next one starts with all four."""
    if "town" in request.fixturenames:
        town: Apart = request.getfixturevalue("town")
        for process in town.services.values():
            if not process.alive:
                await process.restart()


@pytest.fixture(scope="session")
def nats_server(town: Apart) -> Iterator[Held]:
    """The NATS server, to kill and to hold down."""
    held = Held(town.system.nats)
    yield held
    held.release()


@pytest.fixture(scope="session")
def postgres_server(town: Apart) -> Iterator[Held]:
    """The PostgreSQL server, to kill and to hold down."""
    held = Held(town.system.postgres)
    yield held
    held.release()


@pytest.fixture
def long() -> bool:
    """Whether this is the long form (`make faults`)."""
    return page.LONG


@pytest.fixture(scope="session")
def seed() -> int:
    """This run's seed, printed; MAILLAGE_SEED plays a run again."""
    chosen = int(os.environ.get("MAILLAGE_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"seed {chosen}")  # noqa: T201 - shown by pytest with a failure, and by -s
    return chosen


@pytest.fixture
def chance(seed: int) -> random.Random:
    """Chance, the same again for the same seed."""
    return random.Random(seed)


@pytest.fixture(scope="module")
def account(request: pytest.FixtureRequest, seed: int) -> page.Account:
    """What the tests of this fault tell in docs/faults.md, if all pass in their long form."""
    number = int(Path(request.node.path).stem.split("_")[2])
    title = (request.module.__doc__ or "").strip().splitlines()[0].rstrip(".")
    return _accounts.setdefault(number, page.Account(number, title, seed))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A fault with a failed test is not told as shown."""
    if report.failed and (found := re.search(r"test_fault_(\d+)", report.nodeid)):
        _failed.add(int(found.group(1)))


def pytest_sessionfinish() -> None:
    """Write what the long form has shown."""
    if page.LONG and (shown := [account for number, account in _accounts.items() if number not in _failed]):
        page.write(shown)
