"""A backup, everything wiped, the backup restored: same figures, same links, and no mail before someone says so."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import asyncpg

from services.houses import CARDS
from tests.conftest import eventually
from tests.e2e.apart import Apart
from tests.e2e.letters import link_in, press_the_button
from tests.faults.bus import complaint, owed
from tests.faults.ledger import Ledger
from tests.faults.report import Account
from tests.faults.servers import Held, empty
from tests.faults.states import differences, settled, state

INDICATORS = "/api/observatory/v1/indicators"
CARRIED_AGAIN = ("registry.journal", "events.journal", "mailing.journal", "observatory.journal")
"""Their stream's sequence is another; what they say is compared apart."""
PAUSED = {"mailing.sending_pause", "mailing.outgoing"}
"""The restored queue is paused, and its waiting mails flagged."""
ERASING = {f"{name}.erasure" for name in CARDS} | {"registry.erasure_receipt"}
"""Who was erased after the backup is asked for again."""
SILENT_SECONDS = 3


async def test_fault_18_a_restored_house_is_the_one_that_was_backed_up(
    town: Apart, nats_server: Held, account: Account, tmp_path: Path, long: bool
) -> None:
    people, place, second = 300 if long else 12, tmp_path / "backups", tmp_path / "elsewhere"
    ledger = await Ledger.opened(town, "Réunion sauvegardée")
    await asyncio.gather(*(ledger.register(f"Personne {number:04}") for number in range(people)))
    await ledger.register("Partie Ensuite")
    await ledger.level()
    await settled(town)
    await town.command("mail", "pause")
    await ledger.register("Attente Une")
    await _queued(town, ledger, 1)
    figures, rows, said = await _figures(town), await state(town), await _journals(town)

    backup = Path((await town.command("backup", str(place), "--copy", str(second))).splitlines()[0])
    assert (backup / "secrets.json").stat().st_mode & 0o777 == 0o600
    await town.command("mail", "resume", "--send")
    await ledger.level()
    erased = f"partie.ensuite@{ledger.domain}"
    asked = await town.staff.post("/api/registry/v1/erasures", json={"email": erased})
    assert asked.status_code in (200, 201, 202), asked.text
    await _gone(town, erased)
    await _mailed(ledger, erased, 2)
    mails = ledger.mail()
    await town.command("backup", str(second))  # a later backup, and beside it the list of who was erased
    assert "arrêtez les services" in await complaint(town, "restore", str(place))
    await _stop(town)
    await _wipe(town, nats_server)
    gone = differences(rows, await state(town))
    assert len(gone) > 20, "the judge sees what was wiped"

    told = await town.command("restore", str(second / backup.name))
    changed = {one.split(":")[0] for one in differences(rows, await state(town))}
    assert changed <= {*CARRIED_AGAIN, *PAUSED, *ERASING}, changed
    assert "appliqués au démarrage\u00a0: 1." in told
    assert await _journals(town) == said
    await _start(town)
    await _level_again(town)
    assert await _figures(town) == figures
    await _gone(town, erased)
    account.did(
        f"{people} people registered, one more whose mail waits; backup; that mail leaves; the services stopped, every "
        "table dropped, the streams' files removed; `maillage restore`. One of them was erased after the backup, "
        "and is erased again."
    )
    account.control(f"after the wipe and before the restore, {len(gone)} tables differ.")
    account.figure("said by the command", told.splitlines()[0].split(", ", 1)[1])
    account.figure("indicators that differ", 0)

    await _paused_then_resumed(town, ledger, mails, account)


async def _paused_then_resumed(town: Apart, ledger: Ledger, mails: Any, account: Account) -> None:
    """No mail leaves before someone says so; the links of earlier mails open; nothing is sent twice."""
    address = next(iter(ledger.told))
    letter = (await town.mailbox.to(address))[0]
    await press_the_button(town.client, link_in(letter, "/agenda/inscription"))
    await ledger.register("Nouvelle Venue")
    await _queued(town, ledger, 3)
    await asyncio.sleep(SILENT_SECONDS)
    assert ledger.mail() == mails, "a restored house writes to nobody"
    assert "Les envois sont en pause" in (await town.staff.get("/lettres/equipe")).text
    assert "peut-être" in await complaint(town, "mail", "resume")
    await town.command("mail", "resume", "--drop")
    await settled(town)
    fresh = ledger.mail() - mails
    newcomer = f"nouvelle.venue@{ledger.domain}"
    assert fresh == {newcomer: 1, address: 1}, "the newcomer's confirmation, and that of the cancellation"
    account.figure("mails before `maillage mail resume`", 0)
    account.figure("mails twice", 0)
    account.limit(
        "what happened after the backup was taken is lost; a mail that waited then is given up or sent again, as the "
        "administrator says at `maillage mail resume`."
    )


async def test_fault_18_what_is_not_whole_or_not_empty_is_refused(
    town: Apart, account: Account, tmp_path: Path
) -> None:
    backup = Path((await town.command("backup", str(tmp_path / "backups"))).strip())
    before = await state(town)
    cut = shutil.copytree(backup, tmp_path / "cut")
    (cut / "manifest.json").unlink()
    assert "coupée avant sa fin" in await complaint(town, "restore", str(cut))
    changed = shutil.copytree(backup, tmp_path / "changed")
    body = bytearray((changed / "registry.dump").read_bytes())
    body[len(body) // 2] ^= 1
    (changed / "registry.dump").write_bytes(body)
    assert "a changé depuis la sauvegarde" in await complaint(town, "restore", str(changed))
    await _stop(town)
    assert "ne sont pas vides" in await complaint(town, "restore", str(backup))
    town.operator["MAILLAGE_PEOPLE_SECRET"], kept = "another-secret", town.operator["MAILLAGE_PEOPLE_SECRET"]
    assert "MAILLAGE_PEOPLE_SECRET" in await complaint(town, "restore", str(backup))
    town.operator["MAILLAGE_PEOPLE_SECRET"] = kept
    assert differences(before, await state(town)) == []
    aside = tmp_path / "aside"
    await _drop(town, "events")
    await town.command("restore", str(backup), "--aside", str(aside))
    assert list(aside.glob("maillage-*/manifest.json")), "what was there was put aside, whole"
    await _start(town)
    await town.command("mail", "resume", "--drop")
    await settled(town)
    account.control(
        "a backup without its end, one with a byte changed, other secrets, full databases: each was refused."
    )


async def _figures(town: Apart) -> dict[str, Any]:
    """Every indicator as anybody reads it, its day aside."""
    answer = await town.client.get(INDICATORS)
    answer.raise_for_status()
    return {one["id"]: (one["value"], one["n"], one.get("by")) for one in answer.json()["items"]}


async def _journals(town: Apart) -> dict[str, list[Any]]:
    """What each service has said, whatever stream carried it."""
    query = """SELECT position, event_id, contract, subject, person_key, correlation_id, causation_id, recorded_at, body
               FROM journal ORDER BY position"""
    return {name: [tuple(row) for row in await town.rows(name, query)] for name in CARDS}


async def _queued(town: Apart, ledger: Ledger, n: int) -> None:
    """As many mails of this gathering wait in the queue."""

    async def there() -> bool:
        query = "SELECT count(*) FROM outgoing WHERE state = 'queued' AND domain = $1"
        return bool((await town.rows("mailing", query, ledger.domain))[0][0] == n)

    await eventually(there, 30)


async def _gone(town: Apart, address: str) -> None:
    """Nobody of this address is known any more."""

    async def nobody() -> bool:
        return not (await town.rows("events", "SELECT id FROM person WHERE email = $1", address))

    await eventually(nobody, 60)


async def _mailed(ledger: Ledger, address: str, n: int) -> None:
    """So many mails have reached an address."""

    async def there() -> bool:
        return ledger.mail()[address] == n

    await eventually(there, 60)


async def _stop(town: Apart) -> None:
    await asyncio.gather(*(process.stop() for process in town.services.values()))


async def _start(town: Apart) -> None:
    for process in town.services.values():
        await process.start()
    await asyncio.gather(*(process.until_ready() for process in town.services.values()))


async def _level_again(town: Apart) -> None:
    """The journals are on their new streams, and everybody has seen them."""

    async def level() -> bool:
        waiting = 0
        for name in CARDS:
            query = "SELECT count(*) FROM journal WHERE stream_seq IS NULL AND body IS NOT NULL"
            waiting += (await town.rows(name, query))[0][0]
        return not waiting and not any((await owed(town)).values())

    await eventually(level, 60)


async def _wipe(town: Apart, nats_server: Held) -> None:
    """Every table of every service dropped, every file of the streams removed."""
    async with nats_server.down():
        empty(town.system.folder.nats)
    for name in CARDS:
        await _drop(town, name)


async def _drop(town: Apart, name: str) -> None:
    """Every table of one service, as a restore cut short leaves them too."""
    connection = await asyncpg.connect(town.system.database_url(name))
    try:
        await connection.execute("DROP OWNED BY CURRENT_USER CASCADE")
    finally:
        await connection.close()
