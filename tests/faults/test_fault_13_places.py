"""Two hundred people at once for fifty places, each request sent twice, with cancellations meanwhile."""

import asyncio
import json
import random
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx

from shared.clock import new_id
from shared.db import Database, Tx
from tests.conftest import eventually
from tests.e2e.apart import NETWORK, Apart
from tests.faults.ledger import Ledger, figure
from tests.faults.report import Account

PLACES, PEOPLE, CLIENTS = 50, 200, 8
CROWDED_SECONDS = 60
"""The patience of the team, which waits its turn among four hundred on a machine that does other things too."""


async def test_fault_13_exactly_fifty_have_a_place_and_freed_ones_go_to_the_first(
    town: Apart, account: Account, chance: random.Random, long: bool
) -> None:
    rounds, slowest = (5, 0.0) if long else (1, 0.0)
    second = await town.another("events")
    try:
        for round_ in range(rounds):
            slowest = max(slowest, await _one_round(town, second.url, chance, round_))
    finally:
        await second.stop()
    account.did(
        f"{rounds} times {PEOPLE} people for {PLACES} places, each request sent twice, through two processes of the "
        "events service at once, with thirty cancellations of confirmed and waiting people meanwhile."
    )
    account.figure("places sold", f"{PLACES} of {PLACES}, {rounds} times")
    account.figure("people with two registrations", 0)
    account.figure("freed places given out of order", 0)
    account.figure("slowest answer to one of the four hundred (s)", round(slowest, 1))
    account.limit("a place is freed by staff or by the link in the mail; both use the same command.")


async def _one_round(town: Apart, other: str, chance: random.Random, round_: int) -> float:
    """The slowest answer to one of this round's people."""
    ledger = await Ledger.opened(town, f"Formation très demandée {round_}", capacity=PLACES)
    names = [f"Personne {number:04}" for number in range(PEOPLE)]
    posts = [(name, str(uuid4())) for name in names]
    twice = posts + posts
    chance.shuffle(twice)

    async def come(name: str, key: str, base: str) -> None:
        await ledger.register(name, 2 * CROWDED_SECONDS, key, base)

    async def leave() -> Counter[str]:
        left: Counter[str] = Counter()
        while sum(left.values()) < 30:
            there = [row for row in await ledger.rows() if row["status"] != "cancelled"]
            for row in chance.sample(there, min(5, len(there))):
                path = f"/api/events/v1/registrations/{row['id']}/cancellation"
                answer = await town.staff.post(path, timeout=CROWDED_SECONDS)
                assert answer.status_code == 200, answer.text
                left[row["status"]] += 1
            await asyncio.sleep(0.1)
        return left

    bases = (town.services["events"].url, other)
    async with AsyncExitStack() as stack:
        made = (httpx.AsyncClient(timeout=CROWDED_SECONDS, verify=False) for _ in range(CLIENTS))
        ledger.clients = tuple([await stack.enter_async_context(client) for client in made])
        *_, left = await asyncio.gather(*(come(*post, chance.choice(bases)) for post in twice), leave())
    assert ledger.answers[201] == 2 * PEOPLE
    found = judged(await ledger.rows(), await _story(town, ledger)) + await _told_twice(ledger)
    assert not found, found[:5]
    assert left["confirmed"], "somebody with a place must have left, or nothing was freed"

    async def counted() -> bool:
        return await figure(town, "registrations") == ledger.before + PLACES

    await eventually(counted, 30)

    async def all_told_by_mail() -> bool:
        got = ledger.mail()
        return all(got[to] for to in ledger.told)

    await eventually(all_told_by_mail, 60)
    return ledger.slowest


def judged(rows: list[Any], story: list[dict[str, Any]]) -> list[str]:
    """What is wrong with who has a place, seen from the rows and the facts; empty when all is right."""
    counts = Counter(row["status"] for row in rows)
    found = [] if counts["confirmed"] == PLACES else [f"{counts['confirmed']} places sold, not {PLACES}"]
    doubles = [email for email, n in Counter(row["email"] for row in rows).items() if n > 1]
    found += [f"{email} has two registrations" for email in doubles]
    waited = [one["registration_id"] for one in story if one["status"] == "waiting"]
    gone = {one["registration_id"] for one in story if one["status"] == "cancelled" and one["version"] == 2}
    promoted = [one["registration_id"] for one in story if one["status"] == "confirmed" and one["version"] > 1]
    order = {one: place for place, one in enumerate(waited)}
    places = [order[one] for one in promoted]
    found += ["freed places were given out of order"] if places != sorted(places) else []
    passed_over = [one for one in waited[: max(places, default=-1)] if one not in gone and one not in set(promoted)]
    return found + [f"{one} was passed over" for one in passed_over]


async def _told_twice(ledger: Ledger) -> list[str]:
    """A repeat gets the first answer: nobody was told both that they have a place and that they wait."""
    return [address for address, said in ledger.said.items() if len(said) > 1]


async def _story(town: Apart, ledger: Ledger) -> list[dict[str, Any]]:
    rows = await town.rows(
        "events",
        "SELECT body FROM journal WHERE contract LIKE 'events.registration_%' AND body LIKE $1 ORDER BY position",
        f"%{ledger.gathering}%",
    )
    return [json.loads(row["body"]) for row in rows]


async def test_fault_13_control_count_then_insert_sells_more_than_there_is(town: Apart, account: Account) -> None:
    """The guard is the conditional UPDATE on the gathering's row; the same tables, filled by a count, are oversold."""
    ledger = await Ledger.opened(town, "Formation comptée", capacity=PLACES)
    db = Database(town.system.database_url("events"), NETWORK, 24)
    await db.open()
    try:
        await asyncio.gather(*(_count_then_insert(db, ledger, number) for number in range(PEOPLE)))
    finally:
        await db.close()
    rows = await ledger.rows()
    sold = sum(row["status"] == "confirmed" for row in rows)
    assert f"{sold} places sold, not {PLACES}" in judged(rows, [])
    assert sold > PLACES
    account.control(f"counting the rows, then inserting, in the same tables: {sold} places sold of {PLACES}.")


async def _count_then_insert(db: Database, ledger: Ledger, number: int) -> None:
    async with db.transaction() as tx:
        person = await _person(tx, f"comptee.{number:04}@{ledger.domain}")
        taken = await tx.fetchval(
            "SELECT count(*) FROM registration WHERE gathering_id = $1 AND status = 'confirmed'", ledger.gathering
        )
        await tx.execute(
            "INSERT INTO registration (id, gathering_id, person_id, status) VALUES ($1, $2, $3, $4)",
            new_id(),
            ledger.gathering,
            person,
            "confirmed" if taken < PLACES else "waiting",
        )


async def _person(tx: Tx, email: str) -> Any:
    return await tx.fetchval(
        "INSERT INTO person (id, person_key, name_key, name, email) VALUES ($1, $2, $2, $2, $2) RETURNING id",
        new_id(),
        email,
    )
