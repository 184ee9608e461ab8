"""The examples loaded once, at the first start of the embedded mode; `ready` waits until the figures show them."""

import asyncio
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from services.embedded import House
from services.examples import demonstration
from services.examples.demonstration import Houses
from services.examples.season import KINDS, SEASON
from services.houses import CARDS
from shared.contracts import FACTS
from shared.db import Database
from shared.errors import Unavailable

SEASON_KEY, DEMONSTRATION_KEY, SHOWN_KEY = "saison-2020", "demonstration", "shown"
LEVEL_POLL_SECONDS = 0.1
OUTAGE_PAUSE_SECONDS = 1


class Loading:
    """What the data folder holds of the examples, and what `ready` still waits for."""

    def __init__(self, here: House, console: Console) -> None:
        self.here = here
        self.console = console
        self.done = _read(self._file)
        self.awaited: str | None = None
        if self._todo():
            self.awaited = "examples"
        elif self.done.get(SHOWN_KEY) == "no":
            self.awaited = "figures"
        for service in here.services.values():
            service.still_awaited = self._still_awaited

    @property
    def _file(self) -> Path:
        return self.here.settings.data / "examples.json"

    def _todo(self) -> list[str]:
        settings = self.here.settings
        wanted = [SEASON_KEY] if settings.examples else []
        wanted += [DEMONSTRATION_KEY] if settings.examples and settings.demo else []
        return [key for key in wanted if self.done.get(key) != "loaded"]

    async def _still_awaited(self) -> str | None:
        return self.awaited

    async def run(self) -> None:
        """Load what is missing, then wait until the observatory shows every fact; an outage only makes it longer."""
        while self.awaited:
            try:
                if todo := self._todo():
                    self._keep(SHOWN_KEY, "no")
                    await self._load(todo)
                self.awaited = "figures"
                await until_level(self._databases)
                self._keep(SHOWN_KEY, "yes")
                self.awaited = None
            except Unavailable:
                await asyncio.sleep(OUTAGE_PAUSE_SECONDS)

    @property
    def _databases(self) -> dict[str, Database]:
        return {name: service.db for name, service in self.here.services.items()}

    async def _load(self, todo: list[str]) -> None:
        seasons = {key: kind.read(SEASON / f"{key}.csv") for key, kind in KINDS.items()}
        total = sum(len(rows) for rows in seasons.values()) if SEASON_KEY in todo else 0
        total += demonstration.size() if DEMONSTRATION_KEY in todo else 0
        columns = (TextColumn("Exemples"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self.console, transient=False) as progress:
            task = progress.add_task("", total=total)
            if SEASON_KEY in todo:
                for key, rows in seasons.items():
                    db = self._databases[KINDS[key].service]
                    report = await KINDS[key].load(db, rows, lambda: progress.advance(task))
                    for fault in report.faults:
                        self.console.print(f"{key}, {fault}", style="yellow", markup=False)
                self._keep(SEASON_KEY, "loaded")
            if DEMONSTRATION_KEY in todo:
                await self._load_demonstration(self._databases, lambda: progress.advance(task))

    async def _load_demonstration(self, databases: dict[str, Database], told: Any) -> None:
        if self.done.get(DEMONSTRATION_KEY) == "loading":
            await demonstration.remove(databases)  # an earlier start was cut short
        self._keep(DEMONSTRATION_KEY, "loading")
        settings = {name: service.settings for name, service in self.here.services.items()}
        await demonstration.load(Houses(settings, databases), told)
        self._keep(DEMONSTRATION_KEY, "loaded")

    def _keep(self, key: str, state: str) -> None:
        self.done[key] = state
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(self.done))
        draft.replace(self._file)


def _read(file: Path) -> dict[str, str]:
    try:
        return dict(json.loads(file.read_text()))
    except (OSError, ValueError):
        return {}


async def until_level(databases: dict[str, Database]) -> None:
    """Wait until the observatory has received every fact that the journals hold and that it listens to."""
    told, heard = 0, [shape.contract() for shape in CARDS["observatory"].hears(FACTS)]
    for db in databases.values():
        async with db.reading() as tx:
            told += await tx.fetchval("SELECT count(*) FROM journal WHERE contract = ANY($1)", heard)
    while True:
        async with databases["observatory"].reading() as tx:
            if await tx.fetchval("SELECT count(*) FROM inbox WHERE consumer = 'observatory-facts'") >= told:
                return
        await asyncio.sleep(LEVEL_POLL_SECONDS)
