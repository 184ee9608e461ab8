"""NATS killed again and again, then away for a while, as people register."""

import asyncio
import random
from pathlib import Path
from uuid import UUID

from tests.conftest import eventually
from tests.e2e.apart import Apart
from tests.faults.alone import alone
from tests.faults.bus import complaint, messages_a_second, owed, parked
from tests.faults.ledger import Ledger
from tests.faults.report import Account
from tests.faults.servers import Held

QUIET = 60
"""Messages a second on an idle bus: standing requests and health, a few a service; a spinning one says thousands."""
DELIVERED_AGAIN_SECONDS = 120
"""What is lost between stream and service comes again after so long: far later than the test looks."""


async def test_fault_02_a_killed_bus_loses_nothing_and_doubles_nothing(
    town: Apart, nats_server: Held, account: Account, chance: random.Random, long: bool
) -> None:
    kills, outages = (10, (3, 150)) if long else (3, (3,))
    ledger = await Ledger.opened(town, "Réunion sous la coupure du bus")
    async with ledger.crowd("Personne", 0.4 if long else 0.05):
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.2, 1.0))
            await nats_server.kill()
        for seconds in outages:
            async with nats_server.down():
                await asyncio.sleep(seconds)
    took = await ledger.level()
    assert set(ledger.answers) == {201}, f"forms still answer: {ledger.answers}"
    assert ledger.slowest < 5, "forms do not wait for the bus"
    assert not await parked(town), "an outage is no attempt"
    words = " and ".join(str(seconds) for seconds in outages)
    account.did(f"kill -9 of NATS {kills} times at random, then outages of {words} s, while people register.")
    account.figure("registrations told 201", len(ledger.told))
    account.figure("other answers", ledger.posts - ledger.answers[201])
    account.figure("slowest answer (s)", round(ledger.slowest, 2))
    account.figure("lost, or doubled, in database, figures and mail", 0)
    account.figure("level again after the last outage (s)", round(took, 1))
    account.limit("a mail server that accepts a message while its sender dies may see it twice: fault 12.")


async def test_fault_02_what_services_asked_during_an_outage_is_heard_after_it(
    tmp_path: Path, account: Account
) -> None:
    """A request waits in the client until the server is back: what it is given then must come to who listens."""
    async with alone(tmp_path, ack_wait=DELIVERED_AGAIN_SECONDS) as town:
        nats_server = Held(town.system.nats)
        ledger = await Ledger.opened(town, "Réunion d’après la coupure")
        async with nats_server.down():
            await asyncio.sleep(18)  # each consumer gives its request up twice, and asks again
        for number in range(20):
            await ledger.register(f"Personne {number:04}")
        took = await ledger.level(DELIVERED_AGAIN_SECONDS / 4)
    account.figure("20 people just after an outage of 18 s: level (s)", round(took, 1))


async def test_fault_02_every_consumer_resumes_and_none_spins(town: Apart, nats_server: Held, account: Account) -> None:
    await nats_server.kill()
    ledger = await Ledger.opened(town, "Réunion d’après")
    await ledger.register("Awa Lacoste")
    await ledger.level(15)

    async def nothing_owed() -> bool:
        return not any((await owed(town)).values())

    await eventually(nothing_owed, 30)  # an acknowledgement lost with the server is asked for again
    quiet = await messages_a_second(town)
    assert quiet < QUIET, "a consumer spins"
    account.figure("messages a second on the idle bus afterwards", round(quiet, 1))


async def test_fault_02_control_a_relay_that_does_not_wait_for_the_stream_loses(
    town: Apart, nats_server: Held, account: Account
) -> None:
    """The guard is the stream's acknowledgement: rows marked as sent while the bus is away are seen as lost."""
    ledger = await Ledger.opened(town, "Réunion perdue")
    async with nats_server.down():
        for number in range(5):
            await ledger.register(f"Personne {number:04}")
        sent = await _mark_as_sent(town, ledger.gathering)
    witness = await Ledger.opened(town, "Réunion gardée")
    await witness.register("Awa Lacoste")

    async def heard() -> bool:
        return bool(witness.mail())

    await eventually(heard, 30)
    ledger.before += 1
    lost = await ledger.faults()
    assert sent and lost, "what was said later has arrived, and the judge must see what was lost"
    assert "journal rows are not on their stream" in await complaint(town, "verify")
    await town.command("republish")
    await ledger.level()
    account.control(
        f"journal rows marked as sent without the stream's word while it was away: the judge saw {len(lost)} losses, "
        "`maillage verify` named them, `maillage republish` cured them."
    )


async def _mark_as_sent(town: Apart, gathering: UUID) -> int:
    rows = await town.rows(
        "events",
        "UPDATE journal SET stream_seq = 0 WHERE stream_seq IS NULL AND body LIKE $1 RETURNING position",
        f"%{gathering}%",
    )
    return len(rows)
