"""An hour of backlog: one service stops hearing while facts pile up."""

import asyncio
import re
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx

from services.houses import CARDS
from shared.clock import new_id, today
from shared.contracts.events import RegistrationConfirmed
from shared.db import Database
from tests.conftest import eventually
from tests.e2e.apart import NETWORK, Apart
from tests.faults.ledger import Ledger, figure
from tests.faults.report import Account
from tests.faults.states import settled

MEGABYTE = 1024 * 1024
GROWN_MEGABYTES = 150
"""What a process may take for a backlog, however long: some batches, not the backlog."""
SLOWER = 6.0
"""How much slower forms may be beside a backlog being handled, on two cores that do everything at once."""
CHUNK = 500
PENDING = re.compile(r'^maillage_consumer_pending\{service="observatory",stream="FACTS"\} (\S+)$', re.MULTILINE)


async def test_fault_20_a_backlog_is_seen_bounded_and_handled(town: Apart, account: Account, long: bool) -> None:
    events, forms = (100_000, 100) if long else (5_000, 12)
    ledger = await Ledger.opened(town, "Réunion pendant le retard")
    usual = await _forms(ledger, "Aline", forms)
    await ledger.level()
    memory = {name: _rss(process.pid) for name, process in town.services.items()}
    watching = asyncio.create_task(_peaks(town))
    async with _deaf_observatory(town):
        await _pile_up(town, ledger, events)
        meanwhile = await _forms(ledger, "Bruno", forms)
        await _on_the_stream(town)
        seen = await eventually(lambda: _pending_at_least(town, events // 2), 40)
        missing = ledger.before + events + len(ledger.told) - await figure(town, "registrations")
        assert missing >= events, "what has not been counted is seen"
    began = time.monotonic()
    handling = await _forms(ledger, "Chloe", forms)
    ledger.before += events
    await ledger.level(60 + events / 100)
    took = time.monotonic() - began
    await eventually(lambda: _no_more_pending(town), 40)
    watching.cancel()
    grown = {name: round((peak - memory[name]) / MEGABYTE) for name, peak in (await _ended(watching)).items()}
    account.did(
        f"the observatory's consumer stopped by a lock on its inbox while {events} registrations were told, "
        "then let go; people registered before, meanwhile and while it caught up."
    )
    account.figure("facts that `/metrics` showed as waiting", seen)
    account.figure("memory taken by each process at most (MB)", ", ".join(f"{name} {n}" for name, n in grown.items()))
    account.figure("median answer to a form: before, meanwhile, catching up (ms)", _said(usual, meanwhile, handling))
    account.figure("caught up after (s)", f"{took:.1f}, {events / took:.0f} facts a second")
    account.control(f"while the consumer was stopped, {missing} registrations were in no figure, and it was seen.")
    account.limit(
        "the backlog is shown by the process that has it: where that process is dead, `/metrics` of nobody shows it, "
        "and `up` of Prometheus (or `maillage_bus_up`) is what tells."
    )
    assert max(grown.values()) < GROWN_MEGABYTES, grown
    assert max(meanwhile, handling) < max(SLOWER * usual, 0.5), (usual, meanwhile, handling)
    await settled(town)


def _said(*seconds: float) -> str:
    return ", ".join(f"{one * 1000:.0f}" for one in seconds)


async def _forms(ledger: Ledger, names: str, many: int) -> float:
    """The median time of so many answers, one after the other."""
    times = []
    for number in range(many):
        started = time.perf_counter()
        await ledger.register(f"{names} {number:04}")
        times.append(time.perf_counter() - started)
    return statistics.median(times)


@asynccontextmanager
async def _deaf_observatory(town: Apart) -> AsyncIterator[None]:
    """Its process lives and its handlers wait: its inbox can be read, and nothing marked in it."""
    connection = await asyncpg.connect(town.system.database_url("observatory"))
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            await connection.execute("LOCK TABLE inbox IN EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def _pile_up(town: Apart, ledger: Ledger, events: int) -> None:
    """So many registrations told by the events service, in the journal's own way; no mail follows from them."""
    db = Database(town.system.database_url("events"), NETWORK, 2)
    await db.open()
    try:
        for _ in range(0, events, CHUNK):
            async with db.transaction() as tx:
                for _ in range(CHUNK):
                    tx.emit(
                        RegistrationConfirmed(
                            occurred_on=today(),
                            registration_id=new_id(),
                            gathering_id=ledger.gathering,
                            person_id=new_id(),
                            version=1,
                            status="confirmed",
                        )
                    )
    finally:
        await db.close()


async def _on_the_stream(town: Apart) -> None:
    async def carried() -> bool:
        rows = await town.rows("events", "SELECT count(*) FROM journal WHERE stream_seq IS NULL AND body IS NOT NULL")
        return not rows[0][0]

    await eventually(carried, 300)


async def _pending(town: Apart) -> int:
    async with httpx.AsyncClient(timeout=10) as client:
        text = (await client.get(f"{town.services['observatory'].url}/observatory/metrics")).text
    found = PENDING.search(text)
    return int(float(found.group(1))) if found else 0


async def _pending_at_least(town: Apart, many: int) -> int | None:
    pending = await _pending(town)
    return pending if pending >= many else None


async def _no_more_pending(town: Apart) -> bool:
    return not await _pending(town)


def _rss(pid: int) -> int:
    """Memory of a process, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


async def _peaks(town: Apart) -> dict[str, int]:
    """The most memory that each process took, until cancelled."""
    peaks = dict.fromkeys(CARDS, 0)
    try:
        while True:
            for name, process in town.services.items():
                peaks[name] = max(peaks[name], _rss(process.pid))
            await asyncio.sleep(0.2)
    except asyncio.CancelledError:
        return peaks


async def _ended(task: "asyncio.Task[dict[str, int]]") -> dict[str, int]:
    return await task
