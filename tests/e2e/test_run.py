"""`maillage run` held to its promises, by a newcomer: what it prints, what it survives, how it ends."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from services.__main__ import command_line
from shared.embedded.ports import free_port
from tests.conftest import eventually
from tests.e2e.test_apart import LISTING
from tests.e2e.whole import Whole, command, holders

ROOT = Path(__file__).parents[2]
SEASON = ROOT / "examples" / "saison-2020"
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.\w+")
COMMANDS = {
    "verify": "agree",
    "republish": "facts go",
    "dead-letters list": "Aucune lettre morte",
    f"import organisations {SEASON / 'organisations.csv'}": "refused 0",
    "demo remove": "demonstration",
    "replay observatory": "facts replayed",
}
"""What an administrator types, and a word of the answer."""


@pytest.fixture(scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    """One data folder for the whole file: the tests follow one another as a newcomer's first hour does."""
    here = Whole(tmp_path_factory.mktemp("newcomer"), DEMO="0")
    yield here
    if here.alive:
        await here.end(signal.SIGKILL)
    await here.client.aclose()


def note(what: str, took: float) -> None:
    """A figure for whoever runs this with -rP."""
    sys.stdout.write(f"{what}: {took:.1f}\n")


async def get(whole: Whole, path: str, **asked: str) -> Any:
    answer = await whole.client.get(path, params=asked)
    answer.raise_for_status()
    return answer.json()


async def figure(whole: Whole, indicator: str) -> int:
    return int((await get(whole, f"/api/observatory/v1/indicators/{indicator}"))["value"])


async def ask_to_be_listed(whole: Whole, name: str) -> httpx.Response:
    return await whole.client.post(
        "/api/registry/v1/listing-requests",
        json=LISTING | {"name": name, "contact_email": f"{name.lower()}@villages.example"},
        headers={"Idempotency-Key": name},
    )


async def listed_within(whole: Whole, name: str, seconds: float) -> float:
    """Post until it is taken, with one key as a browser that tries again; how long it took."""
    start = time.monotonic()

    async def taken() -> bool:
        answer = await ask_to_be_listed(whole, name)
        assert answer.status_code in (201, 503), answer.text
        return answer.status_code == 201

    await eventually(taken, seconds)
    return time.monotonic() - start


async def counted(whole: Whole, requests: int) -> None:
    """Wait until the figure of listing requests is this one."""

    async def look() -> bool:
        answer = await whole.client.get("/api/observatory/v1/indicators/listing-requests")
        return answer.status_code == 200 and answer.json()["value"] == requests

    await eventually(look, 15)


async def test_ready_is_503_until_the_examples_are_loaded_and_shown(whole: Whole) -> None:
    await whole.start()
    met = await whole.until_ready()
    assert met[0] == 503
    assert met.count(200) == 1
    listed = await get(whole, "/api/registry/v1/organisations")
    assert listed["total"] > 20
    assert await figure(whole, "organisations") == listed["total"]
    assert await figure(whole, "gatherings") > 0


async def test_DEMO_0_leaves_the_fictional_season_out(whole: Whole) -> None:
    assert [await figure(whole, one) for one in ("subscribers", "registrations")] == [0, 0]


async def test_the_printed_addresses_answer(whole: Whole) -> None:
    shown = await whole.until_shown("Ctrl-C arrête tout.")
    links = re.findall(r"http://\S+", shown)
    assert len(links) == 6
    for link in links:
        assert (await whole.client.get(link)).status_code == 200, link


async def test_the_terminal_shows_what_a_person_needs_and_no_more(whole: Whole) -> None:
    lines = [line.split("  ")[0] for line in map(str.strip, whole.shown.splitlines()) if line]
    assert [line for line in lines if not line.startswith("Exemples")] == [
        "Maillage démarre…",
        "SO Coopération est prêt.",
        *("Annuaire", "Agenda", "Observatoire", "Lettres", "Courrier de démonstration", "Espace équipe"),
        "Ctrl-C arrête tout.",
    ]


async def test_the_team_link_opens_the_team_space_once(whole: Whole) -> None:
    link = re.findall(r"http://\S+/connexion/\S+", whole.shown)[0]
    page = await whole.client.get(link)
    assert "Ouvrir l’espace équipe" in page.text
    async with httpx.AsyncClient(follow_redirects=True) as team:
        opened = await team.post(link)
        assert opened.url.path == "/annuaire/equipe"
        assert opened.status_code == 200
    again = await whole.client.post(link)
    assert again.status_code in (403, 404)


async def test_a_token_is_alone_on_the_standard_output(whole: Whole) -> None:
    printed = await whole.command("token", "create", "--role", "staff", COLUMNS="40")
    assert (printed.code, printed.out.count("\n")) == (0, 1)
    allowed = await whole.client.get(
        "/api/registry/v1/listing-requests", headers={"Authorization": f"Bearer {printed.out.strip()}"}
    )
    assert allowed.status_code == 200
    (whole.data.parent / "token").write_text(printed.out.strip())


async def test_a_dashboard_is_opened_by_the_address_printed(whole: Whole) -> None:
    printed = await whole.command("dashboard", "create", "--partner", "Un partenaire", "--department", "33")
    assert printed.code == 0
    link = printed.out.splitlines()[-1]
    assert link.startswith(f"{whole.url}/observatoire/partenaire/")
    assert (await whole.client.get(link)).status_code == 200


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_finds_the_running_system(whole: Whole, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILLAGE_DATA", str(whole.data))
    ended = CliRunner().invoke(command_line(), words.split())
    assert ended.exit_code == 0, ended.output
    assert COMMANDS[words] in ended.output


@pytest.mark.parametrize("words", [*COMMANDS, "token create --role staff", "dashboard create --partner X"])
def test_a_command_without_a_system_says_one_sentence(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILLAGE_DATA", str(tmp_path))
    ended = CliRunner().invoke(command_line(), words.split())
    assert ended.exit_code == 1
    assert " ".join(ended.output.split()).count("lancez make run d’abord.") == 1
    assert "Traceback" not in ended.output


def test_a_start_on_a_busy_port_or_without_a_folder_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MAILLAGE_DATA", str(tmp_path / "file"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = CliRunner().invoke(command_line(), ["run", "--port", str(taken.getsockname()[1])])
    says_once(busy.exit_code, busy.output, "est déjà pris")
    no_folder = CliRunner().invoke(command_line(), ["run", "--port", str(free_port())])
    says_once(no_folder.exit_code, no_folder.output, "n’est pas un dossier.")


async def test_a_start_in_a_folder_in_use_or_newer_says_why(whole: Whole, tmp_path: Path) -> None:
    (tmp_path / "version").write_text("99\n")
    in_use, newer = await asyncio.gather(
        *(command(folder, "run", PORT=str(free_port())) for folder in (whole.data, tmp_path))
    )
    says_once(in_use.code, in_use.said, "Maillage tourne déjà avec le dossier de données")
    says_once(newer.code, newer.said, "vient d’une version plus récente de Maillage")


def says_once(code: int, said: str, words: str) -> None:
    assert code == 1
    assert " ".join(said.split()).count(words) == 1, said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        ("exit 1", "Maillage needs Python 3.11 or newer, and found none."),
        ('[[ "$2" != *ensurepip* ]]', "install its venv module"),
    ],
)
def test_make_run_says_which_python_is_missing(python: str, sentence: str, tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements/run.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    fake = tmp_path / "bin" / "python3"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/bash\n{python}\n")
    fake.chmod(0o755)
    make = shutil.which("make")
    assert make
    ended = subprocess.run(
        [make, "run"], cwd=tmp_path, env={"PATH": str(fake.parent)}, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    assert ended.stdout.count("\n") == 1
    assert sentence in ended.stdout


@pytest.mark.parametrize("server", ["nats-server", "postgres"])
async def test_a_server_that_dies_is_started_again_and_forms_go_on(whole: Whole, server: str) -> None:
    before = await figure(whole, "listing-requests")
    pid = whole.system["processes"][server]
    assert str(whole.data) in holders(whole.data)[pid]
    os.kill(pid, signal.SIGKILL)

    took = await listed_within(whole, f"after-{server}", 15)

    await counted(whole, before + 1)
    assert whole.system["processes"][server] != pid
    note("seconds until a form was taken", took)


async def test_ctrl_c_ends_everything_within_5_s_with_a_live_page_open(whole: Whole) -> None:
    async with whole.client.stream("GET", "/observatoire/flux") as live:
        first = await anext(live.aiter_text())
        assert "data:" in first or "retry:" in first
        start = time.monotonic()
        assert await whole.end(signal.SIGINT) == 0
        took = time.monotonic() - start
    assert holders(whole.data) == {}
    assert "Maillage est arrêté." in whole.shown
    assert "Traceback" not in whole.shown
    assert "shut down" in (whole.data / "logs" / "postgres.log").read_text().splitlines()[-1]
    note("seconds to stop", took)
    assert took < 5


async def test_a_second_start_has_its_data_and_kill_9_leaves_no_server(whole: Whole) -> None:
    start = time.monotonic()
    await whole.start()
    await whole.until_ready()
    took = time.monotonic() - start
    note("seconds until ready", took)
    assert took < 20
    assert len(holders(whole.data)) >= 2
    assert (await ask_to_be_listed(whole, "before-kill")).status_code == 201

    await whole.end(signal.SIGKILL)

    async def gone() -> bool:
        return not holders(whole.data)

    await eventually(gone, 5)


async def test_ctrl_c_stops_a_start_too_and_the_next_one_has_what_was_said(whole: Whole) -> None:
    await whole.start()
    await whole.until_shown("Maillage démarre…", 30)
    start = time.monotonic()
    assert await whole.end(signal.SIGINT) == 0
    assert time.monotonic() - start < 5
    assert holders(whole.data) == {}

    await whole.start()
    await whole.until_ready()
    await counted(whole, 3)
    assert (await ask_to_be_listed(whole, "before-kill")).status_code == 201
    await counted(whole, 3)
    assert await whole.end(signal.SIGTERM) == 0


def test_the_logs_hold_no_address_and_no_token(whole: Whole) -> None:
    secrets = [
        *(printed.read_text() for printed in whole.data.parent.glob("token")),
        *re.findall(r"/connexion/(\S+)", whole.shown),
    ]
    for file in (whole.data / "logs").iterdir():
        text = file.read_text(errors="replace")
        assert ADDRESS.findall(text) == [], file.name
        assert [secret for secret in secrets if secret in text] == [], file.name
    assert (whole.data / "logs" / "maillage.log").exists()
