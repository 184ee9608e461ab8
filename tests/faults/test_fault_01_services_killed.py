"""Each service killed in turn while people register."""

import asyncio
import random
import time

from tests.e2e.apart import Apart
from tests.faults.ledger import IN_FLIGHT, Ledger
from tests.faults.report import Account
from tests.faults.states import settled

HEARD = "SELECT count(*) FROM fact WHERE contract LIKE 'events.registration_%' AND body::text LIKE $1"
SAID = "SELECT count(*) FROM journal WHERE contract LIKE 'events.registration_%' AND body LIKE $1"


async def test_fault_01_every_answer_is_kept_exactly_once(
    town: Apart, account: Account, chance: random.Random, long: bool
) -> None:
    turns, slowest = 5 if long else 1, 0.0
    ledger = await Ledger.opened(town, "Réunion sous les coupures")
    async with ledger.crowd("Aline", 0.02), ledger.crowd("Bruno", 0.02):
        for name in [name for _ in range(turns) for name in town.services]:
            await asyncio.sleep(chance.uniform(0.2, 1.0))
            process = town.services[name]
            await process.kill()
            started = time.monotonic()
            await process.start()
            await process.until_ready()
            slowest = max(slowest, time.monotonic() - started)
    took = await ledger.level(mails_again=IN_FLIGHT * turns)
    await settled(town)
    assert set(ledger.answers) <= {0, 201, 502, 503}, ledger.answers
    twice = await ledger.mailed_twice()
    account.did(f"kill -9 of each of the four services, {turns} times each, at random, while two clients register.")
    account.figure("registrations told 201", len(ledger.told))
    account.figure("answers that were an error, retried with the same key", ledger.posts - ledger.answers[201])
    account.figure("lost or doubled in database and figures; mails lost", 0)
    account.figure("mails received twice", f"{twice}, each flagged (bound {IN_FLIGHT} a kill of the sender)")
    account.figure("slowest way back, process start to ready (s)", round(slowest, 1))
    account.figure("level again after the last kill (s)", round(took, 1))
    account.limit(
        "at random only: the named points (after commit, before publish; after effect, before ack) come later."
    )


async def test_fault_01_control_what_a_dead_service_has_not_heard_is_seen(town: Apart, account: Account) -> None:
    """The guard is the redelivery to whoever comes back: as long as nobody does, the judge sees what is missing."""
    ledger = await Ledger.opened(town, "Réunion que personne n’entend")
    observatory = town.services["observatory"]
    await observatory.kill()
    for number in range(5):
        await ledger.register(f"Personne {number:04}")
    heard = await town.rows("observatory", HEARD, f"%{ledger.gathering}%")
    said = await town.rows("events", SAID, f"%{ledger.gathering}%")
    missing = said[0][0] - heard[0][0]
    assert missing == 5
    await observatory.start()
    await observatory.until_ready()
    await ledger.level()
    account.control(
        f"as long as the observatory stayed down, {missing} registrations were in no figure, and it was seen."
    )
