"""A process whose clock is wrong: its own Python is told so before it reads a line of ours."""

from collections.abc import Mapping
from pathlib import Path

from tests.e2e.apart import Apart, ServiceProcess

WRONG_CLOCK = """
import os, time
from datetime import timedelta
from uuid import UUID
import shared.clock as clock
APART = int(os.environ["CLOCK_APART_SECONDS"])
true_time, true_now = time.time, clock.now
def new_id():
    chance = int.from_bytes(os.urandom(10), "big")
    return UUID(int=int(time.time() * 1000) << 80 | 7 << 76 | (chance >> 68) << 64 | 2 << 62 | chance & (1 << 62) - 1)
time.time = lambda: true_time() + APART
clock.now = lambda: true_now() + timedelta(seconds=APART)
clock.today = lambda: clock.in_paris(clock.now()).date()
clock.new_id = new_id
"""
"""What Python runs at its start (`sitecustomize`): nothing of it is in the product."""


def wrong(environment: Mapping[str, str], seconds: int, folder: Path) -> dict[str, str]:
    """The environment of a process whose clock is that far ahead."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(WRONG_CLOCK)
    return {**environment, "PYTHONPATH": str(folder), "CLOCK_APART_SECONDS": str(seconds)}


async def another(town: Apart, service: str, seconds: int, folder: Path) -> ServiceProcess:
    """One more process of a service, with its own clock; whoever asks for it stops it."""
    process = ServiceProcess(service, wrong(town.environments[service], seconds, folder), town.folder)
    await process.start()
    await process.until_ready()
    return process
