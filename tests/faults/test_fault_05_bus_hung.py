"""The bus hung, then cut off without a word, as people register."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.conftest import eventually
from tests.e2e.apart import Apart, ServiceProcess
from tests.faults.bus import bus_user, parked
from tests.faults.ledger import Ledger
from tests.faults.proxy import Wire
from tests.faults.report import LONG, Account
from tests.faults.servers import Held, hung

NOTICED_SECONDS = 15
LASTS_SECONDS = 30 if LONG else 17
"""Longer than it may take to notice, and than the client's own pings take to give the connection up."""


async def bus_of(processes: Iterable[ServiceProcess]) -> set[str]:
    """What `ready` says of the bus; AssertionError where a service is not ready any more."""
    async with httpx.AsyncClient(timeout=5) as client:
        answers = await asyncio.gather(
            *(client.get(f"{process.url}/{process.service}/health/ready") for process in processes)
        )
    assert {answer.status_code for answer in answers} == {200}, "forms go on without the bus"
    return {answer.json()["bus"] for answer in answers}


async def noticed(processes: Iterable[ServiceProcess], word: str, seconds: float) -> float:
    """How long it took until all of them said `word` of the bus."""
    started = time.monotonic()

    async def all_say() -> bool:
        return await bus_of(processes) == {word}

    await eventually(all_say, seconds)
    return time.monotonic() - started


async def test_fault_05_a_hung_bus_is_noticed_while_forms_go_on(
    town: Apart, nats_server: Held, account: Account
) -> None:
    assert town.system.nats is not None and town.system.nats.process is not None
    ledger = await Ledger.opened(town, "Réunion au bus figé")
    await noticed(town.services.values(), "ok", 30)
    async with ledger.crowd("Personne", 0.2), _a_plain_client(town) as plain:
        with hung(town.system.nats.process.pid):
            began = time.monotonic()
            took = await noticed(town.services.values(), "degraded", NOTICED_SECONDS)
            only_connected = plain()
            waiting = await ledger.faults()
            await asyncio.sleep(max(0.0, began + LASTS_SECONDS - time.monotonic()))
            assert await bus_of(town.services.values()) == {"degraded"}
        back = await noticed(town.services.values(), "ok", 30)
    level = await ledger.level()
    assert set(ledger.answers) == {201}, f"forms go on: {ledger.answers}"
    assert not await parked(town), "a hung bus is no attempt"
    assert waiting, "while it hung, the judge saw what had not arrived"
    account.did(f"SIGSTOP of NATS for {LASTS_SECONDS} s while people register.")
    account.figure("noticed by all four services (s)", f"{took:.1f} (at most {NOTICED_SECONDS})")
    account.figure("registrations told 201; other answers", f"{len(ledger.told)}; 0")
    account.figure("slowest answer (s)", round(ledger.slowest, 2))
    account.figure("lost, or doubled, in database, figures and mail", 0)
    account.figure("said to be well again, after it was (s)", round(back, 1))
    account.figure("level again (s)", round(level, 1))
    account.control(f"while NATS hung, {len(waiting)} differences were seen.")
    account.limit("a bus that answers, however slowly, is well as long as a round trip takes under 3 s.")
    if only_connected:
        account.control(
            f"a client that trusts its connection instead of a round trip still called the bus well after {took:.1f} s."
        )


@asynccontextmanager
async def _a_plain_client(town: Apart) -> AsyncIterator[Callable[[], bool]]:
    async with bus_user(town, "owner") as client:
        yield lambda: client.is_connected


@pytest.mark.skipif(not LONG, reason="the long form alone: thirty seconds more of the same promise")
async def test_fault_05_a_wire_that_drops_in_silence_is_noticed(town: Apart, account: Account) -> None:
    """One more process of the events service reaches NATS by a wire of ours, which is cut without a word."""
    assert town.system.nats is not None
    async with Wire("127.0.0.1", town.system.nats.port).laid() as wire:
        process = ServiceProcess("events", town.environments["events"], town.folder)
        process.environment["MAILLAGE_NATS_URL"] = f"nats://{wire.address}"
        await process.start()
        try:
            await process.until_ready()
            await noticed([process], "ok", 30)
            wire.cut()
            took = await noticed([process], "degraded", NOTICED_SECONDS)
            ledger = await Ledger.opened(town, "Réunion au fil coupé")
            for number in range(20):
                await ledger.register(f"Personne {number:04}", base=process.url)
            await asyncio.sleep(LASTS_SECONDS - took)
            assert set(ledger.answers) == {201}
            assert await bus_of([process]) == {"degraded"}
            wire.mend()
            back = await noticed([process], "ok", 30)
            await ledger.level()
        finally:
            await process.stop()
    account.did(f"the wire of one process to NATS cut without a word for {LASTS_SECONDS} s.")
    account.figure("cut wire: noticed (s), well again (s)", f"{took:.1f}, {back:.1f}")
