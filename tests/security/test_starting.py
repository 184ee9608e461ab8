"""A process in production refuses to start with the secrets everyone knows, and says which."""

import asyncio
import os
import sys
import sysconfig
from pathlib import Path

import pytest

from shared.settings import DEFAULT_SECRET, Settings
from tests.conftest import free_port

MAILLAGE = [sys.executable, str(Path(sysconfig.get_path("scripts")) / "maillage")]
OWN = {"MAILLAGE_SECRET": "a secret of our own", "MAILLAGE_PEOPLE_SECRET": "another secret of our own"}


async def run_apart(**more: str) -> tuple[int, str]:
    """`maillage run events` against servers that are nowhere: its code, and what it said."""
    nowhere = {"MAILLAGE_DATABASE_URL": "postgresql://events@127.0.0.1:1/events"}
    nowhere |= {"MAILLAGE_NATS_URL": "nats://127.0.0.1:1", "PATH": os.defpath, "LC_ALL": "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(
        *MAILLAGE,
        *("run", "events", "--port", str(free_port())),
        env=nowhere | more,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(60):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    return await process.wait(), " ".join(said.decode().split())


async def test_production_refuses_the_secrets_everyone_knows() -> None:
    code, said = await run_apart(MAILLAGE_PRODUCTION="true")
    assert code == 1
    assert "MAILLAGE_SECRET and MAILLAGE_PEOPLE_SECRET" in said


@pytest.mark.parametrize("known", sorted(OWN))
def test_one_secret_left_as_everyone_knows_it_is_enough_to_refuse(known: str) -> None:
    ours = {"secret": OWN["MAILLAGE_SECRET"], "people_secret": OWN["MAILLAGE_PEOPLE_SECRET"], "production": True}
    Settings.model_validate(ours).refuse_default_secrets()
    for empty in (DEFAULT_SECRET, ""):
        left = Settings.model_validate(ours | {known.removeprefix("MAILLAGE_").lower(): empty})
        with pytest.raises(ValueError, match="must be set"):
            left.refuse_default_secrets()
    Settings.model_validate(ours | {"secret": DEFAULT_SECRET, "production": False}).refuse_default_secrets()
