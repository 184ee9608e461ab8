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

    def __init__(self, process: asyncio.subprocess.Process, name: str, log: Path, log_start: int) -> None:
        self._process = process
        self.pid = process.pid
        self._name, self._log, self._log_start = name, log, log_start

    @classmethod
    async def start(cls, command: list[str | Path], log: Path, death: signal.Signals, uid: int = 0) -> Self:
        """Start a command from the thread whose end must end it too (PDEATHSIG follows the thread, not the process)."""
        launcher: list[str | Path] = [sys.executable, "-I", "-S", LAUNCHER, str(os.getpid()), str(int(death)), str(uid)]
        with log.open("ab") as output:
            log_start = output.tell()
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
        return cls(process, Path(command[0]).name, log, log_start)

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

    def why_it_ended(self, code: int) -> CannotStart:
        """The sentence for a server that ended at once, from its return code and what it wrote."""
        if code == NAMESPACE_REFUSED:
            return NamespaceRefused()
        with self._log.open("rb") as stream:
            stream.seek(self._log_start)
            written = stream.read(64_000).decode(errors="replace").strip()
        if "No space left on device" in written:
            return CannotStart(f"Le disque est plein : faites de la place pour le dossier {self._log.parent.parent}.")
        if "Permission denied" in written and os.geteuid() == 0:
            return CannotStart(
                f"{self._log.parent.parent} ou le dossier de Maillage est fermé par un autre compte : "
                "lancez Maillage avec ce compte plutôt qu’en root."
            )
        last = written.splitlines()[-1] if written else f"code {code}"
        return CannotStart(f"{self._name} n’a pas démarré (voir {self._log}) : {last}")


async def run_once(command: list[str | Path], log: Path, uid: int = 0) -> None:
    """Run a command to its end; CannotStart with the end of its log when it fails."""
    process = await Process.start(command, log, signal.SIGTERM, uid)
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        await process.stop((signal.SIGTERM, 1))
        raise
    if code != 0:
        raise process.why_it_ended(code)


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
