"""All events replayed into an empty observatory, and once more while people register."""

import asyncio

from services.houses import CARDS
from tests.e2e.apart import Apart
from tests.faults.ledger import Ledger, figure
from tests.faults.report import Account
from tests.faults.states import differences, settled, state

PROJECTIONS = ("fact", "state", "demonstration_removal")


async def test_fault_10_an_emptied_observatory_is_the_same_to_the_byte(
    town: Apart, account: Account, long: bool
) -> None:
    people = 500 if long else 30
    ledger = await Ledger.opened(town, "Réunion rejouée", capacity=people - 5)
    for first in range(0, people, 10):
        await asyncio.gather(*(ledger.register(f"Personne {n:04}") for n in range(first, first + 10)))
    for row in [one for one in await ledger.rows() if one["status"] == "confirmed"][:3]:
        await town.staff.post(f"/api/events/v1/registrations/{row['id']}/cancellation")
    await settled(town)
    before, newest_mail = await state(town), _mails(town)
    await town.rows("observatory", f"TRUNCATE {', '.join(PROJECTIONS)}")
    await town.rows("observatory", "DELETE FROM inbox")
    emptied = differences(before, await state(town))
    assert {one.split(":")[0] for one in emptied} >= {"observatory.fact", "observatory.state", "observatory.inbox"}
    assert await figure(town, "registrations") == 0
    said = await town.command("replay", "observatory")
    assert differences(before, await state(town)) == []
    assert _mails(town) == newest_mail, "a replay writes to nobody"
    account.did(
        f"{people} people registered, some cancelled; the observatory was emptied; `maillage replay observatory`."
    )
    account.figure("said by the command", said.strip().splitlines()[-1])
    account.figure("tables that differ, inbox times aside", 0)
    account.figure("mails sent by the replay", 0)
    account.control(f"the emptied observatory, before the replay: {'; '.join(emptied)}.")
    account.limit("nobody is erased yet: erasure comes with its own issue, and this test with it.")


async def test_fault_10_what_happens_during_a_replay_is_counted_once(town: Apart, account: Account) -> None:
    ledger = await Ledger.opened(town, "Réunion pendant le rejeu")
    async with ledger.crowd("Personne"):
        await town.command("replay", "observatory")
    await ledger.level()
    await settled(town)
    before = await state(town, ["observatory"])
    await town.command("replay", "observatory")
    assert differences(before, await state(town, ["observatory"])) == []
    account.figure("registrations taken during a replay, all counted once", len(ledger.told))


def _mails(town: Apart) -> str:
    """The newest mail: none came after it."""
    return town.system.mailbox.find()[0].id


def test_fault_10_every_projection_is_named() -> None:
    """A table that the observatory owns is either rebuilt or never touched by a replay."""
    assert set(CARDS["observatory"].owns) == {*PROJECTIONS, "dashboard", "figure"}
