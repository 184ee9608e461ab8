"""What an administrator types wrong, or finds broken: each command answers in one sentence, never a traceback."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.embedded import House
from services.purging import requested_in
from shared.clock import new_id
from shared.embedded.ports import free_port
from shared.settings import Settings
from tests.conftest import eventually, standing
from tests.e2e.whole import MAILLAGE, TIED, command, environment

SOMEBODY = "p1" + "ab" * 32


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house of its own: it is backed up, and asked with wrong settings."""
    async with standing(tmp_path_factory.mktemp("refusals")) as here:
        yield here


async def refused(house: House, *words: str, **more: str) -> str:
    """What a command said that did not do what was asked."""
    ended = await command(house.settings.data, *words, MAILLAGE_PUBLIC_URL=house.settings.public_url, **more)
    assert (ended.code, "Traceback" in ended.said) == (1, False), ended.said
    return ended.said


def wrong_password(house: House) -> dict[str, str]:
    """The settings of an operator who mistook a password."""
    where = house.system.database_url("registry").rpartition("@")[2].partition("/")[0]
    return {"MAILLAGE_DATABASE_URL": f"postgresql://{{service}}:wrong@{where}/{{service}}"}


@pytest.mark.parametrize("words", ["backup {here}", "migrate", "mail status"])
async def test_a_database_that_refuses_is_not_taken_for_one_that_is_away(
    house: House, tmp_path: Path, words: str
) -> None:
    typed = words.format(here=tmp_path).split()
    assert "PostgreSQL refuse" in await refused(house, *typed, **wrong_password(house))
    assert os.listdir(tmp_path) == [], "nothing half-written stays"


async def test_a_database_that_is_away_is_not_taken_for_a_folder_that_cannot_be_written(
    house: House, tmp_path: Path
) -> None:
    away = {"MAILLAGE_DATABASE_URL": "postgresql://{service}@127.0.0.1:9/{service}"}
    assert "PostgreSQL ou NATS ne répond pas" in await refused(house, "backup", str(tmp_path), **away)


async def test_a_backup_whose_copy_fails_is_kept_and_says_so(house: House, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    said = await refused(house, "backup", str(tmp_path / "place"), "--copy", str(tmp_path / "file"))
    assert f"La copie dans {tmp_path / 'file'} ne s’est pas faite" in said
    assert len(list((tmp_path / "place").glob("maillage-*/manifest.json"))) == 1
    assert str(tmp_path / "place" / "maillage-") in said, "the one that was made is named"


@pytest.mark.parametrize("typed", [b"", b"\xff\xfe", None], ids=["a folder", "not UTF-8", "no file"])
async def test_a_dead_letter_is_not_corrected_by_what_does_not_read(
    house: House, tmp_path: Path, typed: bytes | None
) -> None:
    file = tmp_path / "said.json"
    if typed == b"":
        file.mkdir()
    elif typed:
        file.write_bytes(typed)
    said = await refused(house, "dead-letters", "edit", str(new_id()), str(file))
    assert said.startswith(str(file)), said
    assert "NATS" not in said


@pytest.mark.parametrize(
    "line",
    [
        '{"erasure_id": 1, "person_key": "KEY", "requested_at": "2026-01-01T00:00:00+00:00"}',
        '{"erasure_id": "ID", "person_key": "*", "requested_at": "2026-01-01T00:00:00+00:00"}',
        '{"erasure_id": "ID", "person_key": "KEY", "requested_at": 5}',
        "[]",
    ],
)
def test_a_list_of_erasures_that_is_none_is_refused_whole(line: str) -> None:
    """A key that is `*` would empty the stream of everybody."""
    with pytest.raises((ValueError, KeyError, TypeError)):
        requested_in(line.replace("KEY", SOMEBODY).replace("ID", str(new_id())))


WRONG = {
    "public_url": ["https://reseau.example/", "https://réseau.example", "http://[::1", "reseau.example"],
    "service_url": ["{service}:8000"],
    "smtp_url": ["smtp.reseau.example", "smtp://smtp.reseau.example:port"],
    "mail_from": ["", "lettre"],
    "team_email": ["", "equipe"],
    "database_url": ["registry"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_an_address_among_the_settings_that_does_not_read_is_refused(name: str, value: str) -> None:
    """Else links would lead nowhere, and each mail would be given up as if its reader were at fault."""
    with pytest.raises(ValidationError):
        Settings.model_validate({name: value})


async def test_a_setting_that_does_not_read_stops_the_start_by_its_name(house: House) -> None:
    servers = {"MAILLAGE_DATABASE_URL": "postgresql://x@127.0.0.1:9/x", "MAILLAGE_NATS_URL": "nats://127.0.0.1:9"}
    for wrong in ({"MAILLAGE_RATE_CLIENT": "often"}, {"MAILLAGE_SMTP_URL": "smtp.reseau.example"}):
        said = await refused(house, "run", "registry", "--port", str(free_port()), **servers, **wrong)
        assert said == f"Réglage à corriger dans l’environnement\u00a0: {next(iter(wrong))}. Voir docs/operate.md."


async def test_a_command_that_only_prints_reads_the_same_settings(house: House, tmp_path: Path) -> None:
    wrong = "Réglage à corriger dans l’environnement\u00a0: MAILLAGE_POOL. Voir docs/operate.md."
    for word in ("users", "facts"):
        assert await refused(house, "bus", word, MAILLAGE_POOL="beaucoup") == wrong
    (tmp_path / "file").write_text("no folder")
    said = await refused(house, "token", "create", "--role", "staff", MAILLAGE_DATA=str(tmp_path / "file"))
    assert said.endswith("ce n’est pas un dossier.")


async def test_doctor_looks_on_where_a_folder_does_not_read_and_the_mail_server_does_not_answer(
    house: House, tmp_path: Path
) -> None:
    (tmp_path / "backups").symlink_to(tmp_path / "backups")  # it leads to itself: root reads it no better
    said = await refused(
        house,
        "doctor",
        MAILLAGE_BACKUPS=str(tmp_path / "backups"),
        MAILLAGE_SMTP_URL="smtp://127.0.0.1:9",
        MAILLAGE_RATE_CLIENT="often",
        MAILLAGE_REGION="zz",
    )
    for wrong in ("MAILLAGE_RATE_CLIENT", "MAILLAGE_REGION", "✗ Le serveur de courrier ne répond pas", "ne se lit pas"):
        assert wrong in said, said


async def test_a_backup_that_does_not_read_is_not_taken_for_a_server_that_is_away(house: House, tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to(tmp_path / "round")
    said = await refused(house, "restore", str(tmp_path / "round"))
    assert "ou ne se lit pas d’ici" in said


def caught(pid: int) -> int:
    """The signals for which a process has a handler of its own, a bit each."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")[2].split()[0], 16)


@pytest.mark.parametrize("words", ["erasures purge", "watch"])
async def test_what_looks_for_ever_hears_sigterm_itself_as_the_first_process_of_a_container_must(
    house: House, words: str
) -> None:
    told = environment(house.settings.data)
    looking = await asyncio.create_subprocess_exec(*TIED, *MAILLAGE, *words.split(), "--every", "300", env=told)

    async def hears() -> bool:
        return caught(looking.pid) >> (signal.SIGTERM - 1) & 1 == 1

    await eventually(hears, 30)
    looking.terminate()
    assert await asyncio.wait_for(looking.wait(), 10) == 0
