"""A poison fact, a fact that kills its handler's process at each delivery, and a database away."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
from nats.errors import TimeoutError as NatsTimeout

from services.houses import CARDS
from shared.bus.frame import DELIVERIES_WITHOUT_VERDICT
from shared.bus.parking import ATTEMPTS
from shared.bus.streams import consumer_configs
from shared.clock import new_id
from shared.contracts import FACTS
from shared.contracts.events import RegistrationConfirmed
from shared.settings import Settings
from tests.conftest import eventually
from tests.e2e.apart import NETWORK, Apart
from tests.faults.bus import bus_user, parked
from tests.faults.ledger import Ledger, figure
from tests.faults.report import ACK_WAIT, Account
from tests.faults.states import settled

SPOILT, KILLING = "23", "19"
"""Departments whose registrations meet a broken rule in the observatory's database: an error, or an endless wait."""
GATE = 77_007
FAST_CLOCK = "UPDATE parked SET next_at = now() WHERE next_at > now()"
REFUSES = f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.department = '{SPOILT}' THEN RAISE EXCEPTION 'a rule that is wrong'; END IF; RETURN NEW; END $$"""
HOLDS = f"""CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.department = '{KILLING}' THEN PERFORM pg_advisory_xact_lock({GATE}); END IF; RETURN NEW; END $$"""


async def test_fault_07_a_poison_fact_is_parked_and_holds_up_nobody(town: Apart, account: Account, long: bool) -> None:
    people = 200 if long else 30
    usual = await _usually_slowest(town, people)
    ledger = await Ledger.opened(town, "Réunion à la fiche abîmée")
    async with _rule(town, "refuse", REFUSES):
        await ledger.register("Ancre Perdue", department=SPOILT)
        for number in range(people):
            await ledger.register(f"Personne {number:04}")
        poison = await _parked_event(town)
        slowest = await _slowest_but(town, ledger, poison)
        assert slowest < usual + 1, "others are not delayed over a second"
        await _unreadable(town)
        attempts = await _out_of_attempts(town, poison)
        letters = await _dead_letters(town)
        assert [one["attempts"] for one in letters if one["event_id"] == str(poison)] == [ATTEMPTS]
        assert any("a rule that is wrong" in one["reason"] for one in letters)
        lost = await ledger.faults()
        assert lost == [f"the figure is {ledger.before + len(ledger.told) - 1}, not {ledger.before + len(ledger.told)}"]
    await town.command("dead-letters", "retry", str(poison))
    await ledger.level()
    for one in await parked(town):
        assert one["reason"].startswith("unreadable"), one["reason"]
        await town.command("dead-letters", "drop", str(one["event_id"]))
    account.did(f"a registration that the observatory's database refuses, among {len(ledger.told) - 1} good ones.")
    account.did(
        "a message that nobody can read: a dead letter at once. Both are named by `maillage dead-letters list`."
    )
    account.figure("slowest fact without a poison, commit to handled (s)", round(usual, 2))
    account.figure("slowest good fact beside the poison (s)", round(slowest, 2))
    account.figure("attempts before it became a dead letter", attempts)
    account.control(f"until the cure and `dead-letters retry`, the judge saw the loss: {lost[0]}.")
    account.limit("the test moves `next_at` rather than wait 12 minutes for the last of six attempts.")


async def test_fault_07_a_fact_that_kills_its_process_is_tried_a_bounded_number_of_times(
    town: Apart, account: Account, long: bool
) -> None:
    process = town.services["observatory"]
    ledger = await Ledger.opened(town, "Réunion qui tue")
    await process.kill()
    async with _rule(town, "hold", HOLDS), _prompt_redelivery(town):
        await ledger.register("Ancre Tranchante", department=KILLING)
        for number in range(5):
            await ledger.register(f"Personne {number:04}")
        if not long:
            await _delivered_in_vain(town, DELIVERIES_WITHOUT_VERDICT - 2)
        async with _gate_shut(town):
            kills = await _killed_until_it_is_dead(town, 0 if long else ATTEMPTS - 2)
            await process.kill()
            await _bury_session(town)  # the last attempt may be at the gate already
            await process.restart()
            killing = await _parked_event(town)

            async def others_counted() -> bool:
                return await figure(town, "registrations") == ledger.before + 5

            await eventually(others_counted, 60)
            await asyncio.sleep(2)
            assert not await _at_the_gate(town), "a dead letter is tried no more"
    await town.command("dead-letters", "retry", str(killing))
    await ledger.level()
    await settled(town)
    bound = DELIVERIES_WITHOUT_VERDICT + ATTEMPTS
    assert kills <= bound
    account.did("kill -9 of the observatory each time its handler met one registration, until it was tried no more.")
    account.figure("kills until the fact was a dead letter", f"{kills} (bound {bound})")
    account.limit("what shares a batch with such a fact waits with it until it is parked: at most 20 redeliveries.")
    if not long:
        account.limit("in the short form a client hands most of the 20 deliveries back, and attempts are written down.")


async def test_fault_07_a_database_away_spends_no_attempt(town: Apart, account: Account, long: bool) -> None:
    seconds = 150 if long else 4
    ledger = await Ledger.opened(town, "Réunion sans base")
    async with ledger.crowd("Personne", 0.5 if long else 0.1):
        async with _database_away(town, "observatory"):
            await asyncio.sleep(1)
            answer = await town.client.get("/api/observatory/v1/indicators/registrations")
            assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
            await asyncio.sleep(seconds - 1)
            came = len(ledger.told)
        assert came > 5, "forms of the other services go on"
    took = await ledger.level()
    assert not await parked(town), "an outage is no attempt"
    account.did(f"the observatory's database closed and its connections cut for {seconds} s with messages waiting.")
    account.figure("registrations taken while it was away", came)
    account.figure("attempts spent", 0)
    account.figure("level again afterwards (s)", round(took, 1))


@asynccontextmanager
async def _rule(town: Apart, name: str, function: str) -> AsyncIterator[None]:
    """A broken rule in the observatory's database; taking it away is the cure."""
    await town.rows("observatory", function)
    await town.rows(
        "observatory", f"CREATE TRIGGER {name} BEFORE INSERT ON fact FOR EACH ROW EXECUTE FUNCTION {name}()"
    )
    try:
        yield
    finally:
        await town.rows("observatory", f"DROP TRIGGER {name} ON fact")
        await town.rows("observatory", f"DROP FUNCTION {name}()")


async def _parked_event(town: Apart) -> UUID:
    async def look() -> UUID | None:
        rows = [row for row in await parked(town) if not row["reason"].startswith("unreadable")]
        assert len(rows) < 2, f"one poison, {len(rows)} parked: {[row['reason'] for row in rows]}"
        return rows[0]["event_id"] if rows else None

    return await eventually(look, 20)


async def _usually_slowest(town: Apart, people: int) -> float:
    """The same measure in peace, on the same machine a moment before."""
    ledger = await Ledger.opened(town, "Réunion paisible")
    for number in range(people):
        await ledger.register(f"Personne {number:04}")
    return await _slowest_but(town, ledger, new_id())


async def _slowest_but(town: Apart, ledger: Ledger, poison: UUID) -> float:
    """The longest that one of this gathering's other facts took from its commit to the observatory's inbox."""
    said = await town.rows(
        "events",
        "SELECT event_id, recorded_at FROM journal WHERE contract = $1 AND body LIKE $2 AND event_id <> $3",
        RegistrationConfirmed.contract(),
        f"%{ledger.gathering}%",
        poison,
    )
    recorded = {row["event_id"]: row["recorded_at"] for row in said}

    async def heard() -> list[Any] | None:
        rows = await town.rows(
            "observatory", "SELECT event_id, received_at FROM inbox WHERE event_id = ANY($1)", list(recorded)
        )
        return rows if len(rows) == len(recorded) else None

    return max((row["received_at"] - recorded[row["event_id"]]).total_seconds() for row in await eventually(heard, 20))


async def _unreadable(town: Apart) -> None:
    """Put something on the stream that is no fact."""
    async with bus_user(town, "events") as client:
        subject = RegistrationConfirmed.subject_filter(NETWORK)
        headers = {"ce-type": RegistrationConfirmed.contract(), "ce-id": str(new_id())}
        await client.jetstream().publish(subject, b"\xff no fact", stream=FACTS, headers=headers)

    async def buried() -> bool:
        return any(row["reason"].startswith("unreadable") and row["next_at"] is None for row in await parked(town))

    await eventually(buried, 10)


async def _out_of_attempts(town: Apart, event_id: UUID) -> int:
    """Let the clock of the parked fact run fast until nothing is tried any more."""

    async def dead() -> int | None:
        await town.rows("observatory", FAST_CLOCK)
        rows = await town.rows("observatory", "SELECT attempts, next_at FROM parked WHERE event_id = $1", event_id)
        return int(rows[0]["attempts"]) if rows and rows[0]["next_at"] is None else None

    return await eventually(dead, 30)


async def _dead_letters(town: Apart) -> list[dict[str, Any]]:
    said = await town.command("dead-letters", "list", "--service", "observatory", "--json")
    return [json.loads(line) for line in said.splitlines()]


@asynccontextmanager
async def _prompt_redelivery(town: Apart) -> AsyncIterator[None]:
    """The consumer asks again after 1 s, so that the deliveries of a long day fit in a test."""
    settings = Settings(network=NETWORK, ack_wait=ACK_WAIT)
    (stream, usual), *_ = consumer_configs(CARDS["observatory"], settings)
    async with bus_user(town, "owner") as client:
        js = client.jetstream(timeout=10)
        await js.add_consumer(stream, replace(usual, ack_wait=1))
        try:
            yield
        finally:
            await js.add_consumer(stream, usual)


async def _delivered_in_vain(town: Apart, times: int) -> None:
    """Take every waiting message and hand it back without a verdict, `times` times."""
    async with bus_user(town, "observatory") as client:
        durable = CARDS["observatory"].durable(FACTS)
        waiting = await client.jetstream().pull_subscribe_bind(durable, FACTS)
        reached, deadline = 0, time.monotonic() + 30
        while reached < times and time.monotonic() < deadline:
            try:
                for message in await waiting.fetch(200, timeout=0.4):
                    reached = max(reached, message.metadata.num_delivered)
                    await message.nak()
            except NatsTimeout:
                continue
        await waiting.unsubscribe()
    assert reached >= times


@asynccontextmanager
async def _gate_shut(town: Apart) -> AsyncIterator[None]:
    """Whoever handles the killing fact waits here, so that the test knows when to kill."""
    guard = await asyncpg.connect(town.system.database_url("observatory"))
    await guard.execute(f"SELECT pg_advisory_lock({GATE})")
    try:
        yield
    finally:
        await guard.close()


async def _at_the_gate(town: Apart) -> bool:
    query = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted"
    return bool(await town.rows("observatory", query, GATE))


async def _killed_until_it_is_dead(town: Apart, spent: int) -> int:
    """Start the process, kill it whenever it holds the fact in hand, until it leaves it alone; how many kills.

    `spent` attempts are written down as if they had been.
    """
    process, kills = town.services["observatory"], 0
    while True:
        await process.start()

        async def in_hand_or_dead() -> str:
            if await _at_the_gate(town):
                return "in hand"
            rows = await town.rows("observatory", "SELECT attempts, next_at FROM parked")
            await town.rows("observatory", FAST_CLOCK)
            await town.rows("observatory", "UPDATE parked SET attempts = greatest(attempts, $1)", spent)
            return "dead" if any(row["next_at"] is None for row in rows) else ""

        if await eventually(in_hand_or_dead, 90) == "dead":
            return kills
        await process.kill()
        kills += 1
        assert kills <= DELIVERIES_WITHOUT_VERDICT + ATTEMPTS + 2, "attempts are not bounded"
        await _bury_session(town)


async def _bury_session(town: Apart) -> None:
    """End the killed process's session at once; PostgreSQL would notice that its client is gone within 5 s."""
    await town.rows(
        "observatory",
        """SELECT pg_terminate_backend(pid) FROM pg_locks
           WHERE locktype = 'advisory' AND objid = $1 AND NOT granted""",
        GATE,
    )

    async def left() -> bool:
        return not await _at_the_gate(town)

    await eventually(left, 10)


@asynccontextmanager
async def _database_away(town: Apart, service: str) -> AsyncIterator[None]:
    """Close one database to everybody and cut who is in it; the others are as usual."""
    assert town.system.owner_url is not None
    owner = await asyncpg.connect(town.system.owner_url)
    try:
        await owner.execute(f"ALTER DATABASE {service} ALLOW_CONNECTIONS false")
        await owner.fetch("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", service)
        yield
    finally:
        await owner.execute(f"ALTER DATABASE {service} ALLOW_CONNECTIONS true")
        await owner.close()
