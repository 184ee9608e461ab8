"""From one release to the next and back: backup, `pre`, restart, `post`; what fails half-way is undone."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import asyncpg
import httpx

from services import reach
from services.houses import migrations_of
from services.operations import declare
from services.upkeep.backup import back_up
from services.upkeep.errors import UpkeepRefused
from services.upkeep.release import PREVIOUS, migrations_of_release, ours, switch, target
from services.upkeep.settings import UpkeepSettings
from shared import migrate
from shared.clock import now
from shared.settings import SERVICES, Settings

RESTART_SECONDS = 180
READY_SECONDS = 180
POLL_SECONDS = 0.5

Say = Callable[[str], None]


class Upgrade:
    """One upgrade of this machine, told step by step."""

    def __init__(self, upkeep: UpkeepSettings, say: Say, ready_seconds: float = READY_SECONDS) -> None:
        self.upkeep = upkeep
        self.say = say
        self.ready_seconds = ready_seconds
        self.settings = {name: reach.settings_of(name) for name in SERVICES}
        self.public: Settings = self.settings["registry"]

    async def forward(self) -> None:
        """To the release whose command this is; UpkeepRefused says what failed, and what runs now."""
        place = self.upkeep.backups_folder
        if place is None:
            raise UpkeepRefused("Dites avec MAILLAGE_BACKUPS où sauvegarder avant la mise à jour.")
        await self._refuse_newer()
        if self.upkeep.link:
            target(self.upkeep.link)
        backup = await back_up(place)
        self.say(f"Sauvegarde\u00a0: {backup}")
        await self._migrate("pre", f"L’ancienne version tourne encore, rien n’est perdu. Sauvegarde\u00a0: {backup}")
        before = switch(self.upkeep.link, ours()) if self.upkeep.link else None
        try:
            await self._restart(version("maillage"), self.ready_seconds)
        except UpkeepRefused as error:
            await self._undo(error, before, backup)
        running = f"La version {version('maillage')} tourne\u00a0: corrigez, puis lancez maillage "
        await self._migrate("post", f"{running}migrate post et maillage bus apply.")
        try:
            if reach.is_apart():
                async with reach.bus_owner() as owner:
                    await declare(owner, self.public)
        except reach.BROKEN as error:
            raise UpkeepRefused(f"{reach.told(error)} {running}bus apply.") from error
        self.say(f"Maillage {version('maillage')} tourne.")

    async def back(self) -> None:
        """To the release before, while its tables are still there; else a backup is the way."""
        if self.upkeep.link is None:
            raise UpkeepRefused("MAILLAGE_CURRENT ne dit pas où est la version qui tourne.")
        before = target(self.upkeep.link.with_name(PREVIOUS))
        known = migrations_of_release(before)
        for name, applied in (await self._applied()).items():
            if strangers := sorted(one for one in applied - known if "_post_" in one):
                raise UpkeepRefused(
                    f"La version précédente ne connaît pas {strangers[0]} (base {name}), qui lui a retiré ce qu’il lui "
                    "faut\u00a0: arrêtez les services, puis "
                    f"{before}/bin/maillage restore {self.upkeep.backups or 'DIR'} --aside DOSSIER."
                )
        switch(self.upkeep.link, before)
        try:
            await self._restart(None, READY_SECONDS)
        except UpkeepRefused as error:
            raise UpkeepRefused(
                f"{error} {self.upkeep.link} mène à {before}\u00a0: corrigez, puis lancez «\u202f"
                f"{self.upkeep.restart_command}\u202f». Un second --back repartirait vers l’autre version."
            ) from error
        self.say(f"{before} tourne de nouveau.")

    async def _undo(self, error: UpkeepRefused, before: Path | None, backup: Path) -> None:
        """The release before runs again: `pre` migrations leave it all it needs."""
        if self.upkeep.link is None or before is None or before == ours():
            raise UpkeepRefused(
                f"{error} Rien n’est perdu\u00a0: {backup}. Corrigez puis recommencez, ou maillage upgrade --back."
            ) from error
        self.say(f"{error} Retour à la version d’avant…")
        switch(self.upkeep.link, before)
        try:
            await self._restart(None, READY_SECONDS)
        except UpkeepRefused as again:
            raise UpkeepRefused(
                f"{error} La version d’avant ne répond pas non plus\u00a0: {again} Rien n’est perdu\u00a0: {backup}."
            ) from error
        raise UpkeepRefused(f"{error} La version d’avant tourne de nouveau, rien n’est perdu\u00a0: {backup}.")

    async def _applied(self) -> dict[str, set[str]]:
        found = {}
        for name, one in self.settings.items():
            connection = await asyncpg.connect(one.database_url, timeout=10)
            try:
                found[name] = {row["name"] for row in await connection.fetch("SELECT name FROM migration")}
            finally:
                await connection.close()
        return found

    async def _refuse_newer(self) -> None:
        for name, applied in (await self._applied()).items():
            known = {one.name for one in migrate.migrations_in(migrations_of(name))}
            if strangers := sorted(applied - known):
                raise UpkeepRefused(
                    f"La base {name} vient d’une version plus récente ({strangers[-1]})\u00a0: cette version-ci "
                    f"({version('maillage')}) ne s’installe pas par-dessus."
                )

    async def _migrate(self, phase: migrate.Phase, otherwise: str) -> None:
        for name, one in self.settings.items():
            try:
                done = await migrate.migrate(one.database_url, migrations_of(name), (phase,))
            except reach.BROKEN as error:
                raise UpkeepRefused(
                    f"La migration {phase} de {name} a échoué. {reach.told(error)} {otherwise}"
                ) from error
            if done:
                self.say(f"{phase}, {name}\u00a0: {', '.join(done)}")

    async def _restart(self, wanted: str | None, seconds: float) -> None:
        """Run the restart command, then wait for four services that have started since, of the wanted version."""
        moment = now()
        code, said = await _shell(self.upkeep.restart_command)
        if code:
            raise UpkeepRefused(f"{self.upkeep.restart_command}\u00a0: code {code}. {said}".strip())
        deadline = time.monotonic() + seconds
        async with httpx.AsyncClient(timeout=5) as client:
            for name in SERVICES:
                url = f"{reach.door_of(name, self.public)}/{name}/health/ready"
                while (why := await _not_yet(client, url, moment, wanted)) is not None:
                    if time.monotonic() > deadline:
                        raise UpkeepRefused(f"{name} n’est pas prêt après {seconds:.0f} s\u00a0: {why}.")
                    await asyncio.sleep(POLL_SECONDS)


async def _not_yet(client: httpx.AsyncClient, url: str, moment: datetime, wanted: str | None) -> str | None:
    """Why a service is not the one that was waited for, None once it is."""
    try:
        answer = await client.get(url)
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return type(error).__name__
    if answer.status_code != 200:
        return f"il attend {said.get('awaits')}"
    if wanted and said.get("version") != wanted:
        return f"c’est encore la version {said.get('version')}"
    if "since" in said and datetime.fromisoformat(said["since"]) < moment:
        return "il n’a pas redémarré"
    return None


async def _shell(command: str) -> tuple[int, str]:
    """Run the administrator's own command line; its code and the end of what it said."""
    process = await asyncio.create_subprocess_shell(
        command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(RESTART_SECONDS):
            said, _none = await process.communicate()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        return 124, f"pas fini après {RESTART_SECONDS} s."
    return process.returncode or 0, said.decode(errors="replace").strip()[-300:]
