"""The small rules of the embedded servers, without any server."""

import asyncio
import json
import socket
from pathlib import Path

import pytest

from shared.embedded import ending
from shared.embedded.errors import CannotStart
from shared.embedded.layout import DataFolder, Ports, running_system, write_private
from shared.embedded.mailbox_pages import is_from_here
from shared.embedded.message import opening_links_apart, paragraphs, segments
from shared.embedded.nats import NatsServer, NatsUser
from shared.embedded.ports import HIGHEST, LOWEST, free_port, is_free, require_free


def test_addresses_in_a_text_become_links_without_their_punctuation() -> None:
    assert list(segments("Voir https://a.example/x?y=1&z=é, ou (https://b.example/) ; écrire à c.d+e@f.example.")) == [
        ("text", "Voir "),
        ("link", "https://a.example/x?y=1&z=é"),
        ("text", ", ou ("),
        ("link", "https://b.example/"),
        ("text", ") ; écrire à "),
        ("address", "c.d+e@f.example"),
        ("text", "."),
    ]


def test_no_other_scheme_becomes_a_link() -> None:
    assert [kind for kind, _value in segments("javascript:alert(1) file:///etc/passwd data:text/html,x")] == ["text"]


def test_a_text_is_cut_into_paragraphs_and_lines() -> None:
    assert paragraphs("a\r\nb\r\n\r\n\r\nc\n") == [[[("text", "a")], [("text", "b")]], [[("text", "c")]]]


def test_links_of_a_letter_open_apart_whether_it_has_a_head_or_not() -> None:
    assert opening_links_apart("<HEAD lang='fr'>x").startswith("<HEAD lang='fr'><base target=\"_blank\">x")
    assert opening_links_apart("<header>x").startswith('<base target="_blank"><header>')


@pytest.mark.parametrize(
    ("client", "host", "seen"),
    [
        ("127.0.0.1", "127.0.0.1:8000", True),
        ("127.0.0.9", "localhost", True),
        ("::1", "[::1]:8000", True),
        ("::ffff:127.0.0.1", "maillage.localhost:8000", True),
        ("192.0.2.1", "127.0.0.1:8000", False),
        ("127.0.0.1", "localhost.evil.example", False),
        ("127.0.0.1", "", False),
        ("", "localhost", False),
    ],
)
def test_mail_is_read_from_this_machine_under_its_own_name(client: str, host: str, seen: bool) -> None:
    scope = {"type": "http", "client": (client, 1), "headers": [(b"host", host.encode())]}
    assert is_from_here(scope) is seen


def test_ports_are_kept_when_free_and_never_lent_to_clients_by_the_kernel() -> None:
    first = free_port()
    assert LOWEST <= first < HIGHEST
    assert free_port(first) == first
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        taken.listen()
        assert not is_free(first)
        assert free_port(first) != first
        with pytest.raises(CannotStart, match=f"PORT={first + 1}"):
            require_free(first)


def test_the_bus_is_synchronous_and_listens_to_this_machine_only(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "a b") as folder:
        users = [NatsUser("registry", publish=["maillage.x.registry.>"]), NatsUser("given", password='p"é')]
        server = NatsServer(folder, folder.secrets(nats_users=["registry"]), users)
        server.port, server.monitoring_port = 20_001, 20_002
        written = json.loads(server.configuration())
    assert written["jetstream"]["sync_interval"] == "always"
    assert written["listen"] == "127.0.0.1:20001"
    assert written["authorization"]["users"][0]["permissions"]["publish"] == ["maillage.x.registry.>"]
    assert written["authorization"]["users"][1]["password"] == 'p"é'
    assert "%22" in server.url("given")


def test_ports_survive_and_damage_to_them_does_not_matter(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        folder.keep_ports(Ports(postgres=20_123))
        assert folder.ports().postgres == 20_123
        write_private(tmp_path / "ports.json", "not json")
        assert folder.ports() == Ports()


def test_no_system_runs_in_a_folder_that_is_absent_or_was_left(tmp_path: Path) -> None:
    assert running_system(tmp_path / "absent") is None
    with DataFolder(tmp_path):
        write_private(tmp_path / "system.json", '{"pid": 1, "started_at": "2026-11-22T00:00:00Z"}')
        assert running_system(tmp_path)
        write_private(tmp_path / "copy", (tmp_path / "system.json").read_text())
    (tmp_path / "copy").rename(tmp_path / "system.json")
    assert running_system(tmp_path) is None


async def test_a_task_that_loses_a_cancellation_is_ended_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "PATIENCE_SECONDS", 0.01)
    lost: list[bool] = []

    async def deaf_once() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append(True)

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await ending.end(task)
    assert (lost, task.cancelled()) == ([True], True)
    await ending.end()
