"""The version before beside ours, on our schema and our streams."""

import asyncio
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from services.houses import CARDS
from tests.architecture.sources import ROOT
from tests.contracts.test_contracts import SNAPSHOTS
from tests.e2e.apart import Apart, ServiceProcess
from tests.faults.bus import parked
from tests.faults.ledger import Ledger
from tests.faults.report import Account
from tests.faults.states import settled

FIRST_SHOWN = "f022ac7"
"""Where there is no released version yet: the main job, before faults and erasure were added to it."""


def git(*words: str) -> bytes | None:
    """What git says of this repository; None where there is none, or it does not know."""
    try:
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


def version_before() -> str:
    """The newest released version that is not this one; MAILLAGE_BEFORE names another."""
    released = git("describe", "--tags", "--abbrev=0", "HEAD^") or b""
    return os.environ.get("MAILLAGE_BEFORE") or released.decode().strip() or FIRST_SHOWN


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the version before."""
    code = git("archive", version_before(), "services", "shared")
    if code is None:
        pytest.skip(f"git does not hold {version_before()} here: a shallow clone, or no repository")
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=BytesIO(code)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def old(town: Apart, service: str, code: Path, port: int | None = None) -> ServiceProcess:
    """A service as the version before has it, with the same settings."""
    environment = {**town.environments[service], "PYTHONPATH": str(code), "PYTHONSAFEPATH": "1"}
    return ServiceProcess(service, environment, town.folder, [sys.executable, "-m", "services"], port)


@asynccontextmanager
async def replaced(town: Apart, services: list[str], code: Path) -> AsyncIterator[None]:
    """While the body lasts, these services are the version before, at the same addresses."""
    olds = [old(town, name, code, town.services[name].port) for name in services]
    await asyncio.gather(*(town.services[name].stop() for name in services))
    try:
        for process in olds:
            await process.start()
        await asyncio.gather(*(process.until_ready() for process in olds))
        yield
    finally:
        await asyncio.gather(*(process.kill() for process in olds))
        for name in services:
            await town.services[name].start()
        await asyncio.gather(*(town.services[name].until_ready() for name in services))


async def test_fault_17_listeners_of_the_version_before_read_what_we_say_now(
    town: Apart, account: Account, before: Path, long: bool
) -> None:
    dead = len(await parked(town))
    ledger = await Ledger.opened(town, "Réunion lue par la version d’avant", capacity=200)
    async with replaced(town, ["mailing", "observatory"], before):
        for number in range(100 if long else 5):
            await ledger.register(f"Personne {number:04}")
        await ledger.level()
    await ledger.level()
    await settled(town)
    assert len(await parked(town)) == dead, "nothing was unreadable to the version before"
    assert "agree" in await town.command("verify")
    account.did(
        f"mailing and observatory of version {version_before()} on our schema hear what our events service says."
    )
    account.figure("facts of ours that the version before could not read", 0)
    account.figure("registrations counted and mailed by the version before", len(ledger.told))


async def test_fault_17_both_versions_of_a_service_work_side_by_side(
    town: Apart, account: Account, before: Path, long: bool
) -> None:
    process = old(town, "events", before)
    await process.start()
    try:
        await process.until_ready()
        ledger = await Ledger.opened(town, "Réunion des deux versions", capacity=300)
        for number in range(100 if long else 5):
            key = f"cle-{ledger.gathering}-{number}"
            first = await ledger.register(f"Personne {number:04}", key=key, base=process.url)
            again = await ledger.register(f"Personne {number:04}", key=key, base=town.services["events"].url)
            assert first == again
            await ledger.register(f"Autre {number:04}", base=town.services["events"].url)
        await ledger.level()
        assert all(len(said) == 1 for said in ledger.said.values())
    finally:
        await process.kill()
    account.did("A process of events of that version beside ours: people register at one, press again at the other.")
    account.figure("registrations at two versions at once, each exactly once", len(ledger.told))


async def test_fault_17_all_we_say_obeys_the_contracts_as_they_were_released(town: Apart, account: Account) -> None:
    kept = {file.stem: json.loads(file.read_text())["schema"] for file in SNAPSHOTS.glob("*.json")}
    faults: list[str] = []
    said: set[str] = set()
    for service in CARDS:
        for row in await town.rows(service, SAID):
            said.add(row["contract"])
            faults += against(kept[row["contract"]], json.loads(row["body"]))
    assert faults == [] and {"events.registration_confirmed.v1", "events.registrant_named.v1"} <= said
    contract = kept["events.registration_confirmed.v1"]
    example = json.loads((SNAPSHOTS / "events.registration_confirmed.v1.json").read_text())["examples"][0]
    assert against(contract, example) == []
    assert against(contract, {name: value for name, value in example.items() if name != "person_id"})
    assert against(contract, example | {"version": "two"})
    account.figure("contracts seen in the journals, none against its release", len(said))
    account.control("a fact without a released field, or with another type in it, is refused by the same reading.")
    account.limit(
        "a contract that the version before does not know is not read by it: `maillage bus apply`, which begins to "
        "send it, comes after the last process was replaced. Kept examples are parsed in tests/contracts."
    )


SAID = """SELECT contract, body FROM (
    SELECT contract, body, row_number() OVER (PARTITION BY contract ORDER BY position DESC) AS n FROM journal
    WHERE body IS NOT NULL) AS said WHERE n <= 50"""


def against(schema: dict[str, Any], body: dict[str, Any]) -> list[str]:
    """What a reader of the released contract would trip over."""
    return [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(body)]
