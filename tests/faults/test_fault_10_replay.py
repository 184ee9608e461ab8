"""All events replayed into an empty observatory after some people were erased, and once more while people register."""

import asyncio

from services.houses import CARDS
from tests.conftest import eventually
from tests.e2e.apart import Apart
from tests.faults.ledger import Ledger, figure
from tests.faults.report import Account
from tests.faults.states import differences, settled, state

PROJECTIONS = ("fact", "state", "demonstration_removal", "tally")


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
    shown = await figure(town, "registrations")
    erased = await _erase(town, sorted(ledger.told)[: people // 10])
    assert await figure(town, "registrations") == shown, "an erasure moves no figure"
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
        f"{people} people registered, some cancelled, {erased} were erased; the observatory was emptied; "
        "`maillage replay observatory`."
    )
    account.figure("said by the command", said.strip().splitlines()[-1])
    account.figure("tables that differ, inbox times aside", 0)
    account.figure("mails sent by the replay", 0)
    account.control(f"the emptied observatory, before the replay: {'; '.join(emptied)}.")
    account.limit("some hundred facts: how long a replay takes, and its memory, stand in docs/performance.md.")
    account.figure("people erased before the replay, named in no database afterwards", erased)


async def _erase(town: Apart, addresses: list[str]) -> int:
    """Erase some people, the bus owner's purge included; then no database names them."""
    asked = await asyncio.gather(
        *(town.staff.post("/api/registry/v1/erasures", json={"email": one}) for one in addresses)
    )
    assert {answer.status_code for answer in asked} == {201}

    async def purged() -> bool:
        await town.command("erasures", "purge")
        receipts = [await town.staff.get(f"/api/registry/v1/erasures/{answer.json()['id']}") for answer in asked]
        return all(receipt.json()["status"] == "complete" for receipt in receipts)

    await eventually(purged, 60)
    await settled(town)
    lines = [line for rows in (await state(town)).values() for line in rows]
    assert not [one for one in addresses if any(one in line for line in lines)]
    assert "agree" in await town.command("verify")
    return len(asked)


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
