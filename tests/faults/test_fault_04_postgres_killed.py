"""PostgreSQL killed under people who register."""

import asyncio
import random

import asyncpg

from tests.e2e.apart import Apart
from tests.faults.ledger import Ledger
from tests.faults.report import Account
from tests.faults.servers import Held
from tests.faults.states import settled


async def test_fault_04_no_acknowledged_commit_is_lost_and_no_retry_doubles(
    town: Apart, postgres_server: Held, account: Account, chance: random.Random, long: bool
) -> None:
    kills = 10 if long else 3
    lives = {name: process.pid for name, process in town.services.items()}
    ledger = await Ledger.opened(town, "Réunion sous la coupure de la base")
    async with ledger.crowd("Aline", 0.02), ledger.crowd("Bruno", 0.02), ledger.crowd("Chloe", 0.02):
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.3, 1.5))
            await postgres_server.kill()
        async with postgres_server.down():
            await asyncio.sleep(1.5)
    took = await ledger.level()
    await settled(town)
    assert set(ledger.answers) <= {201, 503}, ledger.answers
    assert not ledger.without_retry_after, "a 503 says when to come back"
    assert {name: process.pid for name, process in town.services.items()} == lives, "nothing was started again"
    account.did(f"kill -9 of PostgreSQL {kills} times at random and once for 1.5 s, while three clients register.")
    account.figure("registrations told 201", len(ledger.told))
    account.figure("answers 503, retried with the same key", ledger.answers[503])
    account.figure("answers 500", 0)
    account.figure("told 201 and lost, or doubled by a retry", 0)
    account.figure("mails received twice", 0)
    account.figure("level again after the last kill (s)", round(took, 1))
    account.limit(
        "one mailing process: of several, one that PostgreSQL could not hear for ten seconds is held for dead, and the "
        "mail it had in flight in each lane leaves again once, flagged `perhaps_twice`, with the same Message-ID."
    )


async def test_fault_04_control_commits_that_do_not_wait_for_the_disk_are_lost(
    town: Apart, postgres_server: Held, account: Account
) -> None:
    """The guard is synchronous_commit: without it, what was told 201 just before the kill is gone, and it is seen."""
    await _set(town, "ALTER ROLE events SET synchronous_commit = off")
    try:
        lost: list[str] = []
        for round_ in range(5):
            ledger = await Ledger.opened(town, f"Réunion sans disque {round_}")
            async with ledger.crowd("Aline", 0), ledger.crowd("Bruno", 0), ledger.crowd("Chloe", 0):
                await asyncio.sleep(1)
                await postgres_server.kill()
            rows = {row["email"] for row in await ledger.rows()}
            lost = [address for address in ledger.told if address not in rows]
            if lost:
                break
    finally:
        await _set(town, "ALTER ROLE events RESET synchronous_commit")
    assert lost, "the judge must see what the disk did not hold"
    await settled(town)  # what was told meanwhile is counted before another test looks at the figure
    account.control(
        f"with `synchronous_commit = off`, {len(lost)} of {len(ledger.told)} registrations told 201 were gone."
    )


async def _set(town: Apart, statement: str) -> None:
    """Change the events role, and end its sessions so that every new one follows."""
    assert town.system.owner_url is not None
    owner = await asyncpg.connect(town.system.owner_url)
    try:
        await owner.execute(statement)
        await owner.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'events'")
    finally:
        await owner.close()
