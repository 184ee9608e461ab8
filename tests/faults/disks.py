"""Small disks of their own for the servers of a house, to fill and to empty."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1024 * 1024
LEAST = 4096


@dataclass(frozen=True)
class Disk:
    """A file system in memory, of a few hundred megabytes."""

    path: Path

    @property
    def _ballast(self) -> Path:
        return self.path / "ballast"

    def fill(self) -> None:
        """Leave not one page free."""
        with self._ballast.open("ab") as file:
            while (free := os.statvfs(self.path).f_bavail * LEAST) >= LEAST:
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), free)
                except OSError:
                    continue  # somebody took a page meanwhile

    def empty(self) -> None:
        """Somebody made room."""
        self._ballast.unlink(missing_ok=True)


class MountRefused(Exception):
    """This account may not mount a file system."""


@contextmanager
def disk(path: Path, megabytes: int) -> Iterator[Disk]:
    """A disk mounted on `path`; MountRefused where that is not allowed."""
    path.mkdir(mode=0o700, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(path)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise MountRefused(done.stderr.decode(errors="replace").strip())
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=False, capture_output=True)


@contextmanager
def three_disks(folder: Path) -> Iterator[tuple[Disk, Disk]]:
    """A data folder on a disk of its own, JetStream's on another, caught mail on a third: the first two are given."""
    with ExitStack() as stack:
        database = stack.enter_context(disk(folder, 1200))
        bus = stack.enter_context(disk(folder / "nats", 100))
        stack.enter_context(disk(folder / "mailbox", 100))
        yield database, bus
