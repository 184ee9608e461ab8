"""One server process: started in a session of its own, tied to our life, stopped by growing insistence."""

import asyncio
import os
import pwd
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

from shared.embedded.errors import CannotStart, NamespaceRefused
from shared.embedded.launch import NAMESPACE_REFUSED

LAUNCHER = Path(__file__).with_name("launch.py")
USUAL_UID = 1000


class Process:
    """A running server; ask it to stop with `stop`, or learn of its death with `wait`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def start(cls, command: list[str | Path], log: Path, death: signal.Signals, uid: int = 0) -> Self:
        """Start a command from the thread whose end must end it too (PDEATHSIG follows the thread, not the process)."""
        launcher: list[str | Path] = [sys.executable, "-I", "-S", LAUNCHER, str(os.getpid()), str(int(death)), str(uid)]
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *launcher,
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                cwd="/",
            )
        return cls(process)

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet, as far as we were told."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """Its return code, once it has ended."""
        return await self._process.wait()

    async def stop(self, *steps: tuple[signal.Signals, float]) -> None:
        """Send each signal in turn, waiting for its number of seconds, then SIGKILL to the whole session."""
        for step, patience in steps:
            if not self.alive:
                break
            with suppress(ProcessLookupError):
                self._process.send_signal(step)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), patience)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        await self._process.wait()


async def run_once(command: list[str | Path], log: Path, uid: int = 0) -> None:
    """Run a command to its end; CannotStart with the end of its log when it fails."""
    process = await Process.start(command, log, signal.SIGTERM, uid)
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        await process.stop((signal.SIGTERM, 1))
        raise
    if code != 0:
        raise explain(Path(command[0]).name, code, log)


def explain(name: str, code: int, log: Path) -> CannotStart:
    """Why a server ended at once, from its return code and the end of its log."""
    if code == NAMESPACE_REFUSED:
        return NamespaceRefused()
    tail = last_lines(log)
    if "No space left on device" in tail:
        return CannotStart("Le disque est plein : faites de la place pour le dossier de données.")
    last = tail.splitlines()[-1] if tail else f"code {code}"
    return CannotStart(f"{name} n’a pas démarré (voir {log}) : {last}")


def last_lines(log: Path, size: int = 2000) -> str:
    """The end of a log."""
    with suppress(OSError), log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - size))
        return stream.read().decode(errors="replace").strip()
    return ""


def rotate(log: Path, size: int = 10 * 1024 * 1024) -> None:
    """Put a log that has grown aside, and forget the one before."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > size:
            log.replace(log.with_suffix(log.suffix + ".1"))


def namespace_uid() -> int:
    """0 when PostgreSQL can run under this account, else the number to wear in a namespace: one that has a name."""
    named = {entry.pw_uid for entry in pwd.getpwall()}
    if os.geteuid() != 0 and os.geteuid() in named:
        return 0
    if USUAL_UID in named or not named - {0}:
        return USUAL_UID
    return min(named - {0})


def strangers(folder: Path, name: str) -> list[int]:
    """Processes called `name` that hold this folder in their command line: what a killed system left behind."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
            if Path(os.fsdecode(arguments[0])).name == name and os.fsencode(folder) in arguments:
                found.append(int(entry.name))
    return found


async def clear_strangers(folder: Path, name: str, patience: float = 6) -> None:
    """Wait for what a killed system left behind to end, then end it: the lock says the folder is ours."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    while left := strangers(folder, name):
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGQUIT if loop.time() < deadline else signal.SIGKILL)
        if loop.time() > deadline + 5:
            raise CannotStart(f"Un ancien processus {name} ({left[0]}) garde le dossier {folder} : arrêtez-le d’abord.")
        await asyncio.sleep(0.1)
