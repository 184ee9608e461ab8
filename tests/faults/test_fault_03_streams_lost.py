"""JetStream's folder emptied, or cut back to an earlier state, with facts that two services had not seen."""

import asyncio
import shutil

from tests.conftest import eventually
from tests.e2e.apart import Apart
from tests.faults.bus import complaint
from tests.faults.ledger import Ledger, figure
from tests.faults.report import LONG, Account
from tests.faults.servers import Held, empty
from tests.faults.states import journal, settled

UNSEEING = ("mailing", "observatory")
SILENT_SECONDS = 3 if LONG else 1


async def test_fault_03_an_emptied_store_is_filled_again_from_the_journals(
    town: Apart, nats_server: Held, account: Account, long: bool
) -> None:
    unseen = 200 if long else 20
    ledger = await Ledger.opened(town, "Réunion au flux vidé")
    await _come(ledger, 0, 10)
    await ledger.level()
    await settled(town)  # a mail that arrived is written down as sent, or its sender's death may double it: fault 12
    await _deafen(town)
    await _come(ledger, 10, 10 + unseen)
    await _on_the_stream(town, ledger)
    async with nats_server.down():
        files = empty(town.system.folder.nats)
    await _hear_again(town)
    await asyncio.sleep(SILENT_SECONDS)
    lost = await ledger.faults()
    assert lost, "before republish, the letters due have not left: the judge must see it"
    assert "republish" in await complaint(town, "verify")
    await town.command("republish")
    took = await ledger.level()
    await settled(town)
    assert "agree" in await town.command("verify")
    account.did(
        f"mailing and the observatory killed, {unseen} people registered, NATS killed and its {files} files removed, "
        "all three back."
    )
    account.control(f"before `maillage republish` the judge saw {len(lost)} losses, and `maillage verify` said so.")
    account.figure("letters due that left after republish", unseen)
    account.figure("letters twice, figures that differ", 0)
    account.figure("level again after republish (s)", round(took, 1))


async def test_fault_03_a_store_cut_back_to_an_earlier_state_is_filled_again(
    town: Apart, nats_server: Held, account: Account
) -> None:
    ledger = await Ledger.opened(town, "Réunion au flux coupé")
    await _come(ledger, 0, 5)
    await ledger.level()
    store, kept = town.system.folder.nats, town.folder / "kept"
    async with nats_server.down():
        shutil.copytree(store, kept)
    await _come(ledger, 5, 15)
    await ledger.level()
    await settled(town)
    await _deafen(town)
    await _come(ledger, 15, 25)
    await _on_the_stream(town, ledger)
    async with nats_server.down():
        shutil.rmtree(store)
        kept.rename(store)
    await _hear_again(town)
    await _come(ledger, 25, 28)
    await asyncio.sleep(SILENT_SECONDS)
    assert await ledger.faults(), "before republish, what the cut took is missing"
    await town.command("republish")
    await ledger.level()
    await settled(town)
    assert "agree" in await town.command("verify")
    assert await figure(town, "registrations") == ledger.before + 28
    account.did("the store put back to a copy taken before 20 of 28 people came: 10 had been heard by nobody.")
    account.figure("lost or doubled after a cut store was filled again", 0)
    account.limit("until someone runs `maillage republish` (or the embedded mode's owner does), what was cut waits.")


async def _come(ledger: Ledger, first: int, last: int) -> None:
    await asyncio.gather(*(ledger.register(f"Personne {number:04}") for number in range(first, last)))


async def _on_the_stream(town: Apart, ledger: Ledger) -> None:
    """The stream has acknowledged both facts of each person."""

    async def there() -> bool:
        rows = await journal(town, "events")
        return sum(str(ledger.gathering) in row["body"] for row in rows) >= 2 * len(ledger.told)

    await eventually(there, 20)


async def _deafen(town: Apart) -> None:
    """Mailing and the observatory see nothing from now on."""
    for name in UNSEEING:
        await town.services[name].kill()


async def _hear_again(town: Apart) -> None:
    for name in UNSEEING:
        await town.services[name].start()
    await asyncio.gather(*(town.services[name].until_ready() for name in UNSEEING))
