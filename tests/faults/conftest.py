"""The town that every fault strikes: four separate processes, real servers, one session; a seed; an account."""

import os
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.e2e.apart import Apart, apart
from tests.faults import report as page
from tests.faults.servers import Held

MAILS_KEPT = 100_000
"""The mailbox usually forgets after two thousand: a long run looks for more."""

SEED = int(os.environ.get("MAILLAGE_SEED") or random.SystemRandom().randrange(1_000_000))
os.environ["MAILLAGE_SEED"] = str(SEED)  # two processes that share the files of a run share its seed
_accounts: dict[int, page.Account] = {}
_due: Counter[int] = Counter()
"""How many tests of each fault have not passed."""


@pytest.fixture(scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Apart]:
    """Four processes, NATS and PostgreSQL, all started by this run and dead with it."""
    async with apart(tmp_path_factory.mktemp("town"), {"MAILLAGE_ACK_WAIT": str(page.ACK_WAIT)}) as house:
        house.system.mailbox._kept = MAILS_KEPT
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
    """This run's seed, printed at its head and with each failure; MAILLAGE_SEED plays a run again."""
    print(f"seed {SEED}")  # noqa: T201 - shown by pytest with a failure, and by -s
    return SEED


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


def pytest_report_header() -> str:
    """The seed stands at the head of the run."""
    return f"faults: {'long' if page.LONG else 'short'} form, seed {SEED} (MAILLAGE_SEED={SEED} plays it again)"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Each fault is told once all its tests have passed, not half of them."""
    _due.update(number for item in session.items if (number := _number_of(item.nodeid)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A fault with a failed test, or one that was not run to its end, is not told as shown."""
    if number := _number_of(report.nodeid):
        _due[number] -= (report.when == "call" and report.passed) or report.skipped
        _due[number] += report.failed


def _number_of(nodeid: str) -> int:
    found = re.search(r"test_fault_(\d+)", nodeid)
    return int(found.group(1)) if found else 0


def pytest_sessionfinish() -> None:
    """Write what the long form has shown."""
    if page.LONG and (shown := [account for number, account in _accounts.items() if not _due[number]]):
        page.write(shown)
