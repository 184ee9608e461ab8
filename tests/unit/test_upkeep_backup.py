"""A backup that is not whole is told from one that is, whichever file was touched."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from services import reach
from services.upkeep.backup import copy_backup, forget_old
from services.upkeep.errors import UpkeepRefused
from services.upkeep.manifest import Manifest, backups_in, find_backup, fingerprints, read_backup, sha256
from services.upkeep.restore_embedded import _read, _refuse_to_cover
from shared.migrate import MigrationChanged
from shared.settings import Settings

TAKEN = datetime(2026, 11, 22, 3, 20, tzinfo=UTC)
FILES = {"registry.dump": b"rows of the registry", "secrets.json": b"{}"}


def a_backup(place: Path, days: int = 0, format: int = 1) -> Path:
    """A small backup, whole."""
    moment = TAKEN + timedelta(days=days)
    folder = place / f"maillage-{moment:%Y%m%dT%H%M%SZ}"
    folder.mkdir(parents=True)
    for name, body in FILES.items():
        (folder / name).write_bytes(body)
    manifest = Manifest(
        format=format,
        version="0.1.0",
        network="so-cooperation",
        taken_at=moment,
        databases={},
        files={name: sha256(folder / name) for name in FILES},
        fingerprints=fingerprints(Settings()),
    )
    (folder / "manifest.json").write_text(manifest.sealed().model_dump_json(indent=1))
    return folder


def test_a_whole_backup_reads(tmp_path: Path) -> None:
    assert read_backup(a_backup(tmp_path)).taken_at == TAKEN


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_changed_byte_is_seen_in_every_file(tmp_path: Path, name: str, place: str) -> None:
    file = a_backup(tmp_path) / name
    body = bytearray(file.read_bytes())
    body[{"first": 0, "middle": len(body) // 2, "last": -1}[place]] ^= 1
    file.write_bytes(body)
    with pytest.raises(UpkeepRefused, match=r"changé depuis la sauvegarde|abîmée"):
        read_backup(file.parent)


def test_another_number_of_rows_in_the_manifest_is_seen(tmp_path: Path) -> None:
    file = a_backup(tmp_path) / "manifest.json"
    file.write_text(file.read_text().replace("so-cooperation", "autre-reseau"))
    with pytest.raises(UpkeepRefused, match="a changé depuis"):
        read_backup(file.parent)


def test_a_missing_file_and_a_newer_format_are_refused(tmp_path: Path) -> None:
    folder = a_backup(tmp_path)
    (folder / "registry.dump").unlink()
    with pytest.raises(UpkeepRefused, match=r"Il manque registry\.dump"):
        read_backup(folder)
    with pytest.raises(UpkeepRefused, match="plus récent"):
        read_backup(a_backup(tmp_path, days=1, format=2))


def test_a_backup_cut_short_is_none(tmp_path: Path) -> None:
    folder = a_backup(tmp_path)
    (folder / "manifest.json").unlink()
    for meant in (folder, tmp_path):
        with pytest.raises(UpkeepRefused, match="coupée avant sa fin"):
            find_backup(meant)


def test_the_newest_is_meant_and_the_oldest_are_forgotten(tmp_path: Path) -> None:
    made = [a_backup(tmp_path, days) for days in range(5)]
    assert find_backup(tmp_path) == made[-1]
    assert find_backup(made[0]) == made[0]
    forget_old(tmp_path, 2)
    assert backups_in(tmp_path) == made[-2:]


def test_a_copy_that_is_not_the_same_takes_no_name(tmp_path: Path) -> None:
    backup, second = a_backup(tmp_path / "first"), tmp_path / "second"
    assert read_backup(copy_backup(backup, second)).taken_at == TAKEN
    (backup / "registry.dump").write_bytes(b"changed meanwhile")
    with pytest.raises(UpkeepRefused):
        copy_backup(backup, tmp_path / "third")
    assert list((tmp_path / "third").iterdir()) == [], "nothing half-written stays"


def test_a_copy_that_fails_leaves_alone_what_another_is_writing(tmp_path: Path) -> None:
    backup = a_backup(tmp_path / "first")
    others = tmp_path / "second" / f".{backup.name}.partial" / "registry.dump"
    others.parent.mkdir(parents=True)
    others.write_bytes(b"half of it")
    with pytest.raises(UpkeepRefused, match="existe déjà"):
        copy_backup(backup, tmp_path / "second")
    assert others.read_bytes() == b"half of it"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_backs_up_belongs_to_whoever_keeps_the_backups(tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    os.chown(second, 1234, 1234)
    made = copy_backup(a_backup(tmp_path / "first"), second)
    assert {one.stat().st_uid for one in (made, *made.iterdir(), second / "erasures.jsonl")} == {1234}


def test_secrets_are_known_again_and_not_found_out() -> None:
    one, other = fingerprints(Settings(secret="a" * 32)), fingerprints(Settings(secret="b" * 32))
    assert one != other
    assert "a" * 8 not in str(one)


def test_what_is_there_is_not_put_aside_into_itself(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "postgres").mkdir(parents=True)
    with pytest.raises(UpkeepRefused, match="hors de"):
        _refuse_to_cover(data, data / "aside")
    assert _refuse_to_cover(data, tmp_path / "aside")


@pytest.mark.parametrize("written", ["", "[]", '{"secret": "a"}', "\udcff"])
def test_secrets_that_somebody_put_beside_a_backup_must_read(tmp_path: Path, written: str) -> None:
    file = tmp_path / "secrets.json"
    file.write_bytes(written.encode("utf-8", "surrogateescape"))
    with pytest.raises(UpkeepRefused, match="ne se lit pas"):
        _read(file)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file", "list.json"), "list.json\u00a0: ce fichier ou ce dossier n’existe pas."),
        (OSError(28, "No space left on device"), "Le disque\u00a0: il n’y a plus de place."),
        (ConnectionRefusedError(111, "refused"), "PostgreSQL ou NATS ne répond pas\u00a0: [Errno 111] refused."),
        (MigrationChanged("events/0001_pre_x"), "La migration events/0001_pre_x n’est plus"),
        (asyncpg.InvalidPasswordError("no"), "PostgreSQL refuse\u00a0: no."),
    ],
)
def test_what_broke_is_called_by_its_name(error: Exception, said: str) -> None:
    assert reach.told(error).startswith(said)
