"""The one-machine mode backed up while it runs, and restored into its data folder while it does not."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.embedded.ports import free_port
from tests.conftest import eventually
from tests.e2e.test_apart import LISTING
from tests.e2e.whole import Whole, holders

INDICATORS = "/api/observatory/v1/indicators"


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Whole]:
    here = Whole(tmp_path, DEMO="0", MAILLAGE_EXAMPLES="false")
    yield here
    if here.alive:
        await here.end(signal.SIGKILL)
    await here.client.aclose()


async def test_a_data_folder_is_made_again_from_its_backup(whole: Whole, tmp_path: Path) -> None:
    place, aside = tmp_path / "backups", tmp_path / "aside"
    await whole.start()
    await whole.until_ready()
    link = await whole.until_shown("/connexion/", 20)
    asked = await whole.client.post("/api/registry/v1/listing-requests", json=LISTING)
    assert asked.status_code == 201
    figures = await until_figures_stand(whole)
    backup = Path((await whole.command("backup", str(place))).out.strip())
    assert "Maillage tourne" in (await whole.command("restore", str(place))).said
    secrets = (whole.data / "secrets.json").read_bytes()
    await whole.end(signal.SIGTERM)

    refused = await whole.command("restore", str(backup))
    assert refused.code == 1
    assert "--aside" in refused.said
    (whole.data / "secrets.json").unlink()
    restored = await whole.command("restore", str(backup), "--aside", str(aside))
    assert restored.code == 0, restored.said
    assert (aside / "postgres").is_dir(), "what was there is there still"
    assert holders(whole.data) == {}, "no server is left"
    assert (whole.data / "secrets.json").read_bytes() != secrets, "passwords are drawn anew"

    await whole.start()
    await whole.until_ready()
    assert await until_figures_stand(whole) == figures
    assert "en pause" in (await whole.command("mail", "status")).out
    opened = await whole.client.get(next(word for word in link.split() if "/connexion/" in word))
    assert opened.status_code == 200, "a link sent before the backup still opens"


async def test_nobody_starts_it_and_nobody_restores_it_again_while_it_is_restored(whole: Whole, tmp_path: Path) -> None:
    place, fresh = tmp_path / "backups", tmp_path / f"{whole.data.name}.restoring"
    await whole.start()
    await whole.until_ready()
    await whole.command("backup", str(place))
    await whole.end(signal.SIGTERM)

    restoring = asyncio.create_task(whole.command("restore", str(place), "--aside", str(tmp_path / "aside")))
    await eventually(lambda: asyncio.to_thread((fresh / "secrets.json").exists), 30)
    started, again = await asyncio.gather(
        whole.command("run", "--port", str(free_port())),
        whole.command("restore", str(place), "--aside", str(tmp_path / "other")),
    )
    assert not restoring.done(), "both were refused while it worked"
    assert (started.code, "tourne déjà" in started.said) == (1, True), started.said
    assert (again.code, again.said) == (1, f"Une autre restauration est en cours dans {fresh}.")
    restored = await restoring
    assert restored.code == 0, restored.said
    await whole.start()
    await whole.until_ready()


async def until_figures_stand(whole: Whole) -> list[tuple[str, float]]:
    """Every indicator, once two looks agree and the request is counted."""
    before: list[tuple[str, float]] = []
    while True:
        items = (await whole.client.get(INDICATORS)).json()["items"]
        found = [(one["id"], one["value"]) for one in items]
        if found == before and dict(found).get("listing-requests"):
            return found
        before = found
        await asyncio.sleep(0.5)
