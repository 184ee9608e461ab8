"""What a backup says of itself: version, moment, rows of each table, a checksum a file, and a seal on all of that."""

import hashlib
import hmac
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ValidationError

from services.upkeep.errors import UpkeepRefused
from shared.settings import Settings

FORMAT = 1
MANIFEST = "manifest.json"
SECRETS = "secrets.json"
PREFIX, PARTIAL = "maillage-", ".partial"


class Contents(BaseModel):
    """One database as it was dumped."""

    rows: dict[str, int]
    migrations: list[str]
    server: str


class Manifest(BaseModel):
    """Written last: a backup without it was cut short."""

    format: int = FORMAT
    version: str
    network: str
    taken_at: datetime
    databases: dict[str, Contents]
    files: dict[str, str]
    """SHA-256 of each file."""
    fingerprints: dict[str, str]
    """By which the secrets are known again; from them no drawn secret can be found."""
    seal: str = ""

    def sealed(self) -> Self:
        """The same, with the checksum of all it says."""
        return self.model_copy(update={"seal": self._checksum()})

    def _checksum(self) -> str:
        said = self.model_dump(mode="json", exclude={"seal"})
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    @property
    def is_sealed(self) -> bool:
        """Whether not a byte of it has changed."""
        return hmac.compare_digest(self.seal, self._checksum())


def fingerprints(settings: Settings) -> dict[str, str]:
    """A short mark of each secret."""
    return {
        name: hmac.new(secret.encode(), b"maillage backup", hashlib.sha256).hexdigest()[:16]
        for name, secret in (("secret", settings.secret), ("people_secret", settings.people_secret))
    }


def belong_with(file: Path, place: Path) -> None:
    """Give root's file to whoever owns the folder of the backups: the nightly one, which is not root, must read it."""
    if os.geteuid() == 0:
        owner = place.stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def sha256(file: Path) -> str:
    """The checksum of a file, read in pieces."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def backups_in(place: Path) -> list[Path]:
    """The whole backups of a folder, oldest first."""
    return sorted(one for one in place.glob(f"{PREFIX}*") if (one / MANIFEST).is_file())


def find_backup(place: Path) -> Path:
    """The backup meant by a folder: itself, or the newest one in it."""
    if os.path.isfile(place / MANIFEST):
        return place
    if not os.path.isdir(place):
        raise UpkeepRefused(f"Le dossier {place} n’existe pas, ou ne se lit pas d’ici.")
    if found := backups_in(place):
        return found[-1]
    raise UpkeepRefused(
        f"{place} ne contient pas de sauvegarde entière\u00a0: il y manque {MANIFEST}, qui est écrit en dernier. "
        "Une sauvegarde coupée avant sa fin ne se restaure pas\u00a0: prenez la précédente."
    )


def read_manifest(folder: Path) -> Manifest:
    """What a backup says of itself; UpkeepRefused where it does not read, or has changed."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        raise UpkeepRefused(f"{folder / MANIFEST} ne se lit pas\u00a0: cette sauvegarde est abîmée.") from error
    if manifest.format > FORMAT:
        raise UpkeepRefused(
            f"Cette sauvegarde vient de Maillage {manifest.version}, plus récent\u00a0: installez cette "
            "version d’abord."
        )
    if not manifest.is_sealed:
        raise UpkeepRefused(f"{folder / MANIFEST} a changé depuis la sauvegarde\u00a0: rien n’est restauré.")
    return manifest


def read_backup(folder: Path) -> Manifest:
    """The manifest of a backup of which every file is whole; UpkeepRefused says which one is not."""
    manifest = read_manifest(folder)
    for name, checksum in manifest.files.items():
        if not (folder / name).is_file():
            raise UpkeepRefused(f"Il manque {name} dans {folder}\u00a0: rien n’est restauré.")
        if sha256(folder / name) != checksum:
            raise UpkeepRefused(f"{folder / name} a changé depuis la sauvegarde\u00a0: rien n’est restauré.")
    return manifest
