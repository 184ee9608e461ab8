"""Each service killed in turn while people register."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.conftest import eventually
from tests.e2e.apart import Apart
from tests.faults.bus import owed
from tests.faults.ledger import IN_FLIGHT, Ledger
from tests.faults.mail_server import MailServer, mails_go_to
from tests.faults.proxy import Wire
from tests.faults.report import Account
from tests.faults.states import settled

CLIENTS = 8
BACK_SECONDS, LEVEL_SECONDS = 5, 30
"""Until a service that was killed answers again, and until mail and figures are level once nobody comes any more."""
HEARD = "SELECT count(*) FROM fact WHERE contract LIKE 'events.registration_%' AND body::text LIKE $1"
UNSAID = "SELECT 1 FROM journal WHERE stream_seq IS NULL AND body LIKE $1"
SAID = "SELECT count(*) FROM journal WHERE contract LIKE 'events.registration_%' AND body LIKE $1"


async def test_fault_01_every_answer_is_kept_exactly_once(
    town: Apart, account: Account, chance: random.Random, long: bool
) -> None:
    forms, turns, slowest = (10_000, 5, 0.0) if long else (1_000, 1, 0.0)
    ledger = await Ledger.opened(town, "Réunion sous les coupures")
    ledger.mail_server = MailServer()
    victims = [town.services[name] for _ in range(turns) for name in town.services]
    async with mails_go_to(town, ledger.mail_server):
        async with asyncio.TaskGroup() as group:
            group.create_task(ledger.come(forms, CLIENTS))
            for number, process in enumerate(victims):
                await _told(ledger, int(forms * (number + chance.uniform(0.2, 0.8)) / len(victims)))
                await process.kill()
                started = time.monotonic()
                await process.start()
                await process.until_ready()
                slowest = max(slowest, time.monotonic() - started)
        assert len(ledger.told) == forms
        took = await ledger.level(60 + forms / 5, mails_again=IN_FLIGHT * turns)
    await settled(town)
    assert set(ledger.answers) <= {0, 201, 502, 503}, ledger.answers
    assert not long or (slowest <= BACK_SECONDS and took <= LEVEL_SECONDS), (slowest, took)
    twice = await ledger.mailed_twice()
    account.did(
        f"kill -9 of each of the four services, {turns} times each, at random, while {CLIENTS} clients post {forms} "
        "forms."
    )
    account.figure("registrations told 201", len(ledger.told))
    account.figure("answers that were an error, retried with the same key", ledger.posts - ledger.answers[201])
    account.figure("lost or doubled in database and figures; mails lost", 0)
    account.figure("mails received twice", f"{twice}, each flagged (bound {IN_FLIGHT} a kill of the sender)")
    account.figure("slowest way back, process start to ready (s)", round(slowest, 1))
    account.figure("level again after the last kill (s)", round(took, 1))
    account.limit(
        "the forms are registrations, posted to the service itself; a mail in the hands of a sender that is killed may "
        "arrive twice, flagged: fault 12."
    )


async def _told(ledger: Ledger, many: int) -> None:
    """So many people have been told 201, and others are coming."""

    async def come() -> bool:
        return len(ledger.told) >= many

    await eventually(come, 120 + many / 10)


async def test_fault_01_killed_at_the_two_named_points(town: Apart, account: Account) -> None:
    """Each point is held open by a wire that lets down what the bus says, and drops what the service says."""
    ledger = await Ledger.opened(town, "Réunion coupée aux points nommés")
    async with _behind_a_wire(town, "observatory") as to_observatory, _behind_a_wire(town, "events") as to_events:
        await ledger.register("Awa Lacoste")
        await ledger.level()
        to_observatory.drops_up = True
        await _five(ledger, "Bruno")
        await ledger.level()
        counted = (await owed(town))["observatory-facts"]
        await town.services["observatory"].kill()
        to_events.drops_up = True
        await _five(ledger, "Chloe")
        unsaid = await town.rows("events", UNSAID, f"%{ledger.gathering}%")
        await town.services["events"].kill()
    assert counted >= 5, "counted, and not acknowledged"
    assert len(unsaid) >= 10, "told 201, and nobody has heard"
    assert not any(ledger.mail()[f"chloe.{number:04}@{ledger.domain}"] for number in range(5)), "nobody was told"
    for name in ("observatory", "events"):
        await town.services[name].start()
    await asyncio.gather(*(town.services[name].until_ready() for name in ("observatory", "events")))
    await ledger.level()

    async def acknowledged() -> bool:
        return not (await owed(town))["observatory-facts"]

    await eventually(acknowledged, 60)  # they come again, and meet their own marks
    assert not await ledger.faults()
    account.did(
        "the observatory killed after facts were counted and before one was acknowledged; the events service killed "
        "after the commit and before the stream had heard."
    )
    account.figure("delivered again and counted again", f"0 of {counted}")
    account.figure("told 201, in the journal alone when its service died, and lost", f"0 of {len(unsaid)} facts")


@asynccontextmanager
async def _behind_a_wire(town: Apart, name: str) -> AsyncIterator[Wire]:
    """A service started again with a wire of ours between it and NATS; its next life has none."""
    assert town.system.nats is not None
    process = town.services[name]
    direct = process.environment["MAILLAGE_NATS_URL"]
    async with Wire("127.0.0.1", town.system.nats.port).laid() as wire:
        process.environment["MAILLAGE_NATS_URL"] = f"nats://{wire.address}"
        try:
            await process.restart()
            yield wire
        finally:
            process.environment["MAILLAGE_NATS_URL"] = direct


async def _five(ledger: Ledger, name: str) -> None:
    for number in range(5):
        await ledger.register(f"{name} {number:04}")


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
