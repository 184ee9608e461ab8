"""Every event delivered twice: at once beside the first, then all of them once more."""

import asyncio

from tests.e2e.apart import Apart
from tests.faults.bus import bus_user
from tests.faults.ledger import Ledger
from tests.faults.report import Account
from tests.faults.states import differences, everything_twice, journal, say_again, settled, state


async def test_fault_08_the_same_state_and_no_second_mail(town: Apart, account: Account, long: bool) -> None:
    people = 500 if long else 40
    async with everything_twice(town) as again:
        ledger = await Ledger.opened(town, "Réunion dite deux fois")
        for first in range(0, people, 20):
            await asyncio.gather(*(ledger.register(f"Personne {n:04}") for n in range(first, first + 20)))
        await settled(town)
    await ledger.level()
    await settled(town)
    before, mail = await state(town), ledger.mail()
    repeated = 0
    for service in ("registry", "events", "mailing", "observatory"):
        async with bus_user(town, service) as client:
            for row in await journal(town, service):
                await say_again(client, row)
                repeated += 1
    await settled(town)
    assert differences(before, await state(town)) == []
    assert ledger.mail() == mail
    account.did(
        f"{people} people registered while each fact was said twice; then {repeated} facts were all said again."
    )
    account.figure("facts repeated beside the first", again[0])
    account.figure("facts repeated afterwards", repeated)
    account.figure("rows that differ in the four databases", 0)
    account.figure("mails sent twice", 0)
    account.limit(
        "in life the stream itself drops a repeat within two minutes; here the id by which it knows one is taken away, "
        "so that the inbox alone is looked at."
    )


async def test_fault_08_control_a_repeat_that_hides_its_id_is_seen(town: Apart, account: Account) -> None:
    """The guard is the inbox, which knows facts by their id: the same fact under another id is taken twice."""
    ledger = await Ledger.opened(town, "Réunion dite sous un autre nom")
    await ledger.register("Awa Lacoste")
    await ledger.level()
    await settled(town)
    before = await state(town)
    mine = [row for row in await journal(town, "events") if str(ledger.gathering) in row["body"]]
    async with bus_user(town, "events") as client:
        for row in mine:
            await say_again(client, row, as_another=True)
    await settled(town)
    seen = differences(before, await state(town))
    assert any(one.startswith("observatory.fact") for one in seen), seen
    account.control(f"the same facts under ids of their own: the comparison saw {'; '.join(seen)}.")
