"""The data folder of the one-machine mode: who holds it, in which format, with which secrets, and what runs in it."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel, ValidationError

from shared.embedded.errors import AlreadyRunning, CannotStart, NewerData, from_os_error

FORMAT = 1
LOCK = "lock"
SMALLEST_FREE_SPACE = 200 * 1024 * 1024


class Secrets(BaseModel):
    """What is drawn once for this installation; whoever reads it can sign in as anyone."""

    people_secret: str
    signing_secret: str
    postgres_owner: str
    databases: dict[str, str] = {}
    nats: dict[str, str] = {}


class Ports(BaseModel):
    """The loopback ports of the last start, asked for again at the next one."""

    postgres: int = 0
    nats: int = 0
    monitoring: int = 0
    smtp: int = 0


class RunningSystem(BaseModel):
    """What a command needs to reach the running system: it holds passwords."""

    pid: int
    started_at: datetime
    site_url: str | None = None
    owner_url: str | None = None
    database_urls: dict[str, str] = {}
    nats_urls: dict[str, str] = {}
    monitoring_url: str | None = None
    smtp_url: str | None = None
    processes: dict[str, int] = {}


class DataFolder:
    """One folder held by one system at a time; `with DataFolder(path) as folder` locks it and checks its format."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.postgres = self.path / "postgres"
        self.nats = self.path / "nats"
        self.logs = self.path / "logs"
        self.mailbox = self.path / "mailbox"
        self._lock = -1

    def __enter__(self) -> Self:
        try:
            self._open()
        except OSError as error:
            self.release()
            raise from_os_error(error, self.path) from error
        except CannotStart:
            self.release()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        (self.path / "system.json").unlink(missing_ok=True)
        self.release()

    def _open(self) -> None:
        self.hold()
        self.check_format()
        (self.path / "system.json").unlink(missing_ok=True)
        free = shutil.disk_usage(self.path).free
        if free < SMALLEST_FREE_SPACE:
            raise CannotStart(
                f"Le disque est presque plein : {free // 1024**2} Mo libres pour {self.path}, il en faut au moins "
                f"{SMALLEST_FREE_SPACE // 1024**2}."
            )
        for folder in (self.nats, self.logs, self.mailbox):
            folder.mkdir(mode=0o700, exist_ok=True)

    def hold(self) -> None:
        """Keep every other system out, whatever the folder holds, until `release`; AlreadyRunning where one is in."""
        if self._lock >= 0:
            return
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._lock, 20, 0).decode(errors="replace").strip() or "inconnu"
            self.release()
            raise AlreadyRunning(
                f"Maillage tourne déjà avec le dossier de données {self.path} (processus {holder}) : "
                "arrêtez-le d’abord, ou choisissez un autre dossier avec MAILLAGE_DATA."
            ) from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def check_format(self) -> None:
        """Refuse what a newer version has written; a new folder is of ours."""
        version = self.path / "version"
        if not version.exists():
            write_private(version, f"{FORMAT}\n")
        written = version.read_text().strip()
        if not written.isdecimal():
            raise CannotStart(f"Le fichier {version} est abîmé : il doit contenir le nombre {FORMAT}.")
        if int(written) > FORMAT:
            raise NewerData(
                f"Le dossier de données {self.path} vient d’une version plus récente de Maillage "
                f"(format {written}, celle-ci lit le format {FORMAT}) : installez cette version pour l’ouvrir."
            )

    def release(self) -> None:
        """Let another system take the folder."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def secrets(self, databases: Iterable[str] = (), nats_users: Iterable[str] = ()) -> Secrets:
        """The secrets of this installation, drawn at the first call and completed for a new role or user."""
        kept = read_secrets(self.path)
        known = kept or Secrets(people_secret=_draw(), signing_secret=_draw(), postgres_owner=_draw())
        wanted = known.model_copy(
            update={
                "databases": {name: _draw() for name in databases} | known.databases,
                "nats": {name: _draw() for name in nats_users} | known.nats,
            }
        )
        if wanted != kept:
            write_private(self.path / "secrets.json", wanted.model_dump_json(indent=1))
        return wanted

    def ports(self) -> Ports:
        """The ports of the last start; zeros when there was none."""
        try:
            return Ports.model_validate_json((self.path / "ports.json").read_bytes())
        except (FileNotFoundError, ValidationError):
            return Ports()

    def keep_ports(self, ports: Ports) -> None:
        """Remember the ports for the next start."""
        write_private(self.path / "ports.json", ports.model_dump_json())

    def announce(self, system: RunningSystem) -> None:
        """Let the other commands find the running system."""
        write_private(self.path / "system.json", system.model_dump_json(indent=1))


def read_secrets(data: Path) -> Secrets | None:
    """The secrets kept in a data folder, None when it has none yet; CannotStart when they cannot be read."""
    file = data / "secrets.json"
    try:
        return Secrets.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise CannotStart(f"Le fichier {file} est abîmé : remettez celui de votre sauvegarde.") from error


def running_system(data: Path) -> RunningSystem | None:
    """The system that runs in a data folder, None when it is stopped (or was killed)."""
    try:
        system = RunningSystem.model_validate_json((data / "system.json").read_bytes())
        lock = os.open(data / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, ValidationError):
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return system
    finally:
        os.close(lock)
    return None


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all, also after a power cut."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(file)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def now() -> datetime:
    """The time a system started, in UTC."""
    return datetime.now(UTC)


def _draw() -> str:
    return secrets.token_urlsafe(32)
