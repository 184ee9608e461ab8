"""An upgrade that succeeds, one that fails half-way, and the way back, with a keeper in the place of systemd."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.houses import CARDS, migrations_of
from shared.migrate import SHARED
from tests.conftest import eventually
from tests.e2e.apart import Apart, apart

NEW = Path(sys.prefix).resolve()


@dataclass
class Machine:
    """One machine with two releases: the link, the backups, and what is said when the new one never comes up."""

    house: Apart
    folder: Path
    broken: bool = False

    @property
    def link(self) -> Path:
        return self.folder / "current"

    @property
    def old(self) -> Path:
        return self.folder / "releases" / "old"

    async def upgrade(self, *words: str) -> str:
        """`maillage upgrade`, what it said, whether it succeeded or not."""
        try:
            return await self.house.command("upgrade", *words)
        except AssertionError as error:
            return f"failed: {error}"

    async def keep(self) -> None:
        """What systemd does when it is told to restart the services of the release that the link leads to."""
        asked, done = self.folder / "asked", self.folder / "done"
        while True:
            await asyncio.sleep(0.1)
            if not asked.exists():
                continue
            asked.unlink()
            await asyncio.gather(*(one.stop() for one in self.house.services.values() if one.alive))
            if not (self.broken and self.link.resolve() == NEW):
                for one in self.house.services.values():
                    await one.start()
            done.touch()


@pytest.fixture(scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Machine]:
    folder = tmp_path_factory.mktemp("machine")
    async with apart(folder) as house, kept(Machine(house, folder)) as here:
        yield here


@asynccontextmanager
async def kept(machine: Machine) -> AsyncIterator[Machine]:
    installed = machine.old / "lib" / "python3.11" / "site-packages"
    for name in CARDS:
        shutil.copytree(migrations_of(name), installed / "services" / name / "migrations")
    shutil.copytree(SHARED, installed / "shared" / "migrations")
    machine.link.symlink_to(machine.old)
    machine.house.operator |= {
        "MAILLAGE_CURRENT": str(machine.link),
        "MAILLAGE_BACKUPS": str(machine.folder / "backups"),
        "MAILLAGE_RESTART_COMMAND": f"cd {machine.folder}; rm -f done; touch asked; "
        "while [ ! -e done ]; do sleep 0.1; done",
    }
    keeping = asyncio.create_task(machine.keep())
    try:
        yield machine
    finally:
        keeping.cancel()


@pytest.fixture(autouse=True)
def from_the_old_release(machine: Machine) -> None:
    machine.broken = False
    machine.link.unlink()
    machine.link.symlink_to(machine.old)


async def test_an_upgrade_backs_up_restarts_and_keeps_the_release_before(machine: Machine) -> None:
    before = {name: one.pid for name, one in machine.house.services.items()}
    said = await machine.upgrade()
    assert said.splitlines()[-1].endswith("tourne."), said
    assert machine.link.resolve() == NEW
    assert (machine.folder / "previous").resolve() == machine.old
    assert len(list((machine.folder / "backups").glob("maillage-*/manifest.json"))) == 1
    assert all(one.pid != before[name] for name, one in machine.house.services.items())
    back = await machine.upgrade("--back")
    assert "tourne de nouveau" in back, back
    assert machine.link.resolve() == machine.old


async def test_a_release_that_does_not_come_up_gives_way_to_the_one_before(machine: Machine) -> None:
    machine.broken = True
    said = await failing(machine, "--patience", "5")
    assert "n’est pas prêt après 5 s" in said
    assert "La version d’avant tourne de nouveau" in said
    assert machine.link.resolve() == machine.old
    assert all(one.alive for one in machine.house.services.values())


async def test_streams_that_cannot_be_declared_are_told_with_what_runs_now(machine: Machine) -> None:
    bus = machine.house.operator["MAILLAGE_NATS_URL"]
    machine.house.operator["MAILLAGE_NATS_URL"] = "nats://127.0.0.1:9"
    said = await failing(machine)
    machine.house.operator["MAILLAGE_NATS_URL"] = bus
    assert "NATS est arrêté, ou refuse l’utilisateur owner" in said
    assert "tourne\u00a0: corrigez, puis lancez maillage bus apply." in said
    assert machine.link.resolve() == NEW


async def test_an_upgrade_begun_again_tells_of_no_return_that_did_not_happen(machine: Machine) -> None:
    machine.link.unlink()
    machine.link.symlink_to(NEW)  # as an upgrade leaves it that was cut after the link had moved
    machine.broken = True
    said = await failing(machine, "--patience", "5")
    assert "n’est pas prêt après 5 s" in said
    assert "La version d’avant" not in said
    assert "maillage upgrade --back" in said
    machine.broken = False
    assert (await machine.upgrade()).rstrip().endswith("tourne.")


async def failing(machine: Machine, *words: str) -> str:
    said = await machine.upgrade(*words)
    assert said.startswith("failed: "), said
    return said


async def test_a_migration_that_cannot_run_leaves_everything_as_it_was(machine: Machine) -> None:
    before = {name: one.pid for name, one in machine.house.services.items()}
    changed = "UPDATE migration SET checksum = $1 || checksum WHERE name = 'events/0001_pre_gatherings'"
    await machine.house.rows("events", changed, "x")
    said = await failing(machine)
    await machine.house.rows("events", "UPDATE migration SET checksum = ltrim(checksum, 'x')")
    assert "La migration pre de events a échoué" in said
    assert machine.link.resolve() == machine.old
    assert {name: one.pid for name, one in machine.house.services.items()} == before


async def test_there_is_no_way_back_over_a_post_migration_but_a_backup(machine: Machine) -> None:
    previous = machine.folder / "previous"
    previous.unlink(missing_ok=True)
    previous.symlink_to(machine.old)
    await machine.house.rows("events", "INSERT INTO migration (name, checksum) VALUES ('events/9999_post_x', 'x')")
    back, forward = await failing(machine, "--back"), await failing(machine)
    await machine.house.rows("events", "DELETE FROM migration WHERE name = 'events/9999_post_x'")
    assert "restore" in back
    assert "ne s’installe pas par-dessus" in forward


async def test_a_way_back_that_does_not_restart_says_which_release_the_link_leads_to(machine: Machine) -> None:
    previous, restart = machine.folder / "previous", machine.house.operator["MAILLAGE_RESTART_COMMAND"]
    machine.link.unlink()
    machine.link.symlink_to(NEW)
    previous.unlink(missing_ok=True)
    previous.symlink_to(machine.old)
    machine.house.operator["MAILLAGE_RESTART_COMMAND"] = "false"
    said = await failing(machine, "--back")
    machine.house.operator["MAILLAGE_RESTART_COMMAND"] = restart
    assert f"mène à {machine.old}" in " ".join(said.split()) and "second --back" in said
    assert machine.link.resolve() == machine.old


async def test_health_says_which_version_answers_since_when(machine: Machine) -> None:
    async def ready() -> bool:
        return (await machine.house.client.get("/events/health/ready")).status_code == 200

    await eventually(ready, 60)
    body = (await machine.house.client.get("/events/health/ready")).json()
    assert body["version"] == "0.1.0"
    assert body["since"] > "2026"
