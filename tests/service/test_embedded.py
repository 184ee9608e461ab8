"""The servers of the one-machine mode: real PostgreSQL and NATS, killed, refused and started again."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.js.api import StorageType

from shared.bus.streams import apply, is_whole, stream_configs
from shared.embedded import layout, postgres
from shared.embedded.errors import AlreadyRunning, CannotStart, NewerData
from shared.embedded.layout import DataFolder, running_system
from shared.embedded.nats import NatsUser
from shared.embedded.ports import require_free
from shared.embedded.process import strangers
from shared.embedded.system import EmbeddedSystem
from shared.settings import Settings

PARENT = Path(__file__).with_name("embedded_parent.py")
ROOT = Path(__file__).parents[2]
USERS = [NatsUser("owner"), NatsUser("registry", publish=["maillage.test.registry.>"], subscribe=["_INBOX.registry.>"])]


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedSystem]:
    async with EmbeddedSystem(tmp_path_factory.mktemp("system") / "data", nats_users=USERS) as up:
        yield up


async def answer(url: str, query: str) -> object:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def comes_back(system: EmbeddedSystem, server: str, pid: int) -> float:
    """Kill a server the hard way; the seconds until the supervisor says that it is back."""
    back = asyncio.Event()
    system.on_restart.append(lambda name: back.set() if name == server else None)
    os.kill(pid, signal.SIGKILL)
    start = time.monotonic()
    await asyncio.wait_for(back.wait(), 15)
    system.on_restart.clear()
    return time.monotonic() - start


def tree(pid: int) -> dict[int, int]:
    """The living descendants of a process, each with the tick it was born at."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, ppid, *rest = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if state != "Z":
            parents[int(entry.name)] = (int(ppid), int(rest[17]))
    found: dict[int, int] = {}
    level = {pid}
    while level:
        level = {child for child, (parent, _born) in parents.items() if parent in level}
        found |= {child: parents[child][1] for child in level}
    return found


def alive(born: dict[int, int]) -> list[int]:
    left = []
    for pid, tick in born.items():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[19]) == tick:
            left.append(pid)
    return left


def wait_for_none(born: dict[int, int], seconds: float) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := alive(born)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@contextmanager
def parent_of_servers(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process of its own that starts the servers; the address of its registry's database."""
    command = [sys.executable, str(PARENT), str(folder)]
    parent = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert parent.stdout
    try:
        word, _space, url = parent.stdout.readline().strip().partition(" ")
        assert word == "ready", "the parent did not start its servers"
        yield parent, url
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()


async def test_each_service_has_its_own_database_with_the_extensions(system: EmbeddedSystem) -> None:
    names = await answer(system.database_url("events"), "SELECT array_agg(extname::text) FROM pg_extension")
    assert isinstance(names, list)
    assert set(postgres.EXTENSIONS) <= set(names)
    assert await answer(system.database_url("events"), "SELECT current_database() || current_user") == "eventsevents"
    assert (
        await answer(system.database_url("events"), "SELECT lower('ÉLUE') || current_setting('TimeZone')") == "élueUTC"
    )
    assert await answer(system.database_url("events"), "CREATE SCHEMA replay") is None


async def test_a_role_cannot_enter_the_database_of_another_service(system: EmbeddedSystem) -> None:
    stolen = system.database_url("mailing").replace("/mailing?", "/registry?")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(stolen)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(system.database_url("mailing").replace("/mailing?", "/postgres?"))


async def test_a_wrong_password_is_refused(system: EmbeddedSystem) -> None:
    assert system.postgres
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://registry:wrong@127.0.0.1:{system.postgres.port}/registry")


async def test_a_user_of_the_bus_publishes_only_what_it_may(system: EmbeddedSystem) -> None:
    errors: list[Exception] = []

    async def note(error: Exception) -> None:
        errors.append(error)

    bus = await nats.connect(system.nats_url("registry"), error_cb=note, inbox_prefix="_INBOX.registry")
    await bus.publish("maillage.test.registry.listed", b"mine")
    await bus.flush()
    assert errors == []
    await bus.publish("maillage.test.mailing.sent", b"not mine")
    await bus.flush()
    await asyncio.sleep(0.1)
    await bus.close()
    assert "permissions violation" in str(errors[0]).lower()


async def test_the_files_of_the_folder_are_private(system: EmbeddedSystem) -> None:
    folder = system.folder.path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("secrets.json", "system.json", "nats.conf", "ports.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


async def test_another_command_finds_the_running_system(system: EmbeddedSystem) -> None:
    found = running_system(system.folder.path)
    assert found
    assert found.pid == os.getpid()
    assert found.database_urls["registry"] == system.database_url("registry")
    assert found.smtp_url == system.smtp_url


async def test_the_servers_carry_their_name_and_their_folder(system: EmbeddedSystem) -> None:
    assert len(strangers(system.folder.postgres, "postgres")) == 1
    assert len(strangers(system.folder.path / "nats.conf", "nats-server")) == 1


async def test_postgres_killed_comes_back_on_its_port_with_its_rows(system: EmbeddedSystem) -> None:
    url = system.database_url("registry")
    await answer(url, "CREATE TABLE kept AS SELECT 7 AS n")
    [pid] = strangers(system.folder.postgres, "postgres")
    assert await comes_back(system, "postgres", pid) < 10
    assert await answer(url, "SELECT n FROM kept") == 7
    found = running_system(system.folder.path)
    assert found
    assert found.processes["postgres"] != pid


async def test_nats_killed_comes_back_on_its_port_with_its_messages(system: EmbeddedSystem) -> None:
    bus = await nats.connect(system.nats_url("owner"))
    stream = bus.jetstream()
    await stream.add_stream(name="KEPT", subjects=["kept.>"])
    await stream.publish("kept.one", b"kept", stream="KEPT")
    await bus.close()
    [pid] = strangers(system.folder.path / "nats.conf", "nats-server")
    assert await comes_back(system, "nats-server", pid) < 5
    bus = await nats.connect(system.nats_url("owner"))
    message = await bus.jetstream().get_msg("KEPT", 1)
    await bus.close()
    assert message.data == b"kept"


async def test_a_bus_that_starts_again_knows_of_every_stream(system: EmbeddedSystem) -> None:
    bus = await nats.connect(system.nats_url("owner"))
    *_, health = stream_configs(Settings())
    await bus.jetstream().add_stream(replace(health, storage=StorageType.MEMORY))  # as it was declared once
    await apply(bus, Settings(), [])
    await bus.close()
    [pid] = strangers(system.folder.path / "nats.conf", "nats-server")
    await comes_back(system, "nats-server", pid)
    bus = await nats.connect(system.nats_url("owner"))
    assert await is_whole(bus, [])
    await bus.close()


async def test_a_second_start_on_the_same_folder_is_refused_naming_the_first(system: EmbeddedSystem) -> None:
    with pytest.raises(AlreadyRunning, match=str(os.getpid())):
        async with EmbeddedSystem(system.folder.path, nats_users=USERS):
            pass
    assert running_system(system.folder.path), "the refused start must not unannounce the first"


async def test_kill_9_of_the_parent_leaves_no_server_behind_not_even_a_busy_one(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with parent_of_servers(folder) as (parent, url):
        busy = await asyncpg.connect(url)
        query = asyncio.create_task(busy.fetchval("SELECT count(*) FROM generate_series(1, 1000000000)"))
        await asyncio.sleep(0.5)
        servers = tree(parent.pid)
        assert len(servers) > 5
        parent.kill()
        parent.wait()
        assert await asyncio.to_thread(wait_for_none, servers, 5) == []
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await query
        assert running_system(folder) is None
    start = time.monotonic()
    with parent_of_servers(folder) as (parent, url):
        assert time.monotonic() - start < 8
        assert await answer(url, "SELECT 1") == 1


async def test_sigint_stops_the_servers_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with parent_of_servers(folder) as (parent, _url):
        servers = tree(parent.pid)
        start = time.monotonic()
        parent.send_signal(signal.SIGINT)
        assert parent.wait(10) == 0
        assert time.monotonic() - start < 5
        assert alive(servers) == []
    assert "database system is shut down" in (folder / "logs" / "postgres.log").read_text()
    assert "Server Exiting" in (folder / "logs" / "nats-server.log").read_text()
    assert not (folder / "system.json").exists()
    assert not (folder / "postgres" / "postmaster.pid").exists()


async def test_a_lock_file_that_names_an_unrelated_process_does_not_stop_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with parent_of_servers(folder) as (parent, _url):
        parent.kill()
        parent.wait()
        lock = folder / "postgres" / "postmaster.pid"
        rest = (
            lock.read_text().splitlines()[1:] if lock.exists() else [str(folder / "postgres"), "1", "20000", "", "", ""]
        )
        lock.write_text("\n".join([str(os.getpid()), *rest, ""]))
    with parent_of_servers(folder) as (_parent, url):
        assert await answer(url, "SELECT 1") == 1


def test_a_folder_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "version").write_text(f"{layout.FORMAT + 1}\n")
    with pytest.raises(NewerData, match="version plus récente"), DataFolder(tmp_path):
        pass
    assert not (tmp_path / "secrets.json").exists()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(CannotStart, match="n’est pas un dossier"), DataFolder(tmp_path / "data"):
        pass


def test_a_nearly_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "SMALLEST_FREE_SPACE", 1 << 60)
    with pytest.raises(CannotStart, match="presque plein"), DataFolder(tmp_path):
        pass


def test_damaged_secrets_are_refused_not_drawn_again(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{")
    with DataFolder(tmp_path) as folder, pytest.raises(CannotStart, match="abîmé"):
        folder.secrets()


def test_secrets_are_drawn_once_and_completed_for_a_new_user(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        first = folder.secrets(["registry"], ["owner"])
        second = folder.secrets(["registry", "events"], ["owner"])
    assert second.signing_secret == first.signing_secret
    assert second.databases["registry"] == first.databases["registry"]
    assert set(second.databases) == {"registry", "events"}
    assert len(set(json.loads((tmp_path / "secrets.json").read_text())["databases"].values())) == 2


def test_a_busy_port_is_told_in_one_sentence(unused_tcp_port: int) -> None:
    server = subprocess.Popen([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(unused_tcp_port)])
    try:
        for _attempt in range(100):
            try:
                require_free(unused_tcp_port)
            except CannotStart as error:
                assert str(unused_tcp_port) in error.sentence
                assert "déjà pris" in error.sentence
                return
            time.sleep(0.05)
        pytest.fail("the port never looked busy")
    finally:
        server.kill()
        server.wait()
