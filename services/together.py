"""All four services and their servers in one process, as a newcomer runs them."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

import structlog
from rich.console import Console

from services.embedded import House, house
from services.examples.loading import Loading
from services.gateway import Gateway
from services.serving import LOG, serve, stop_on_signals
from services.signing_in import sign_in_url
from services.upkeep.settings import UpkeepSettings
from services.upkeep.watching import WATCH, keep_looking
from shared import log
from shared.embedded.ending import end
from shared.embedded.errors import from_os_error
from shared.embedded.process import rotate
from shared.settings import Settings

console = Console(highlight=False)


async def run_house(settings: Settings, host: str, port: int) -> None:
    """All four services and their servers; returns once stopped in order."""
    stop = stop_on_signals()
    here_url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"
    settings = settings.model_copy(
        update={"public_url": _public_url(settings, here_url), "service_url": settings.service_url or here_url}
    )
    _log_to_file(settings)
    console.print("Maillage démarre…")
    async with AsyncExitStack() as stack:
        here = await _unless_stopped(stack.enter_async_context(house(settings)), stop)
        if here is not None:
            await _answer_until(stop, here, host, port)
    console.print("Maillage est arrêté.")


async def _unless_stopped(starting: Coroutine[Any, Any, House], stop: asyncio.Event) -> House | None:
    """What was to start, or None when Ctrl-C came first."""
    entering, stopping = asyncio.create_task(starting), asyncio.create_task(stop.wait())
    await asyncio.wait({entering, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not entering.done():
        entering.cancel()
        await asyncio.wait({entering})
    return None if entering.cancelled() else entering.result()


async def _answer_until(stop: asyncio.Event, here: House, host: str, port: int) -> None:
    gateway = Gateway(
        {name: service.asgi for name, service in here.services.items()},
        {} if here.settings.smtp_url else {"/courrier": here.system.mailbox_app},
    )
    loading = Loading(here, console)
    serving = asyncio.create_task(serve(gateway, host, port, stop))
    here.system.announce(here.settings.public_url)
    telling = asyncio.create_task(_load_and_tell(here, loading))
    watching = asyncio.create_task(keep_looking(UpkeepSettings(), here.settings.data / WATCH))
    await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    for service in here.services.values():
        service.closing.set()
    await end(telling, watching)
    await serving


async def _load_and_tell(here: House, loading: Loading) -> None:
    try:
        await loading.run()
    except Exception as error:
        structlog.get_logger().error("examples not loaded", exc_info=error)
        log_file = here.settings.data / "logs" / LOG
        console.print(f"Les exemples n’ont pas pu être chargés\u00a0: voir {log_file}.", style="bold red", markup=False)
    base = here.settings.public_url
    console.print(f"\n[bold]{here.settings.network_name}[/bold] est prêt.")
    places = {"Annuaire": "annuaire", "Agenda": "agenda", "Observatoire": "observatoire", "Lettres": "lettres"}
    if not here.settings.smtp_url:
        places["Courrier de démonstration"] = "courrier"
    for label, path in places.items():
        console.print(f"  {label:<27}{base}/{path}", soft_wrap=True)
    link = sign_in_url(here.services["registry"], here.settings.team_email)
    console.print(f"  {'Espace équipe':<27}{link}", soft_wrap=True, markup=False)
    console.print("Ctrl-C arrête tout.")


def _public_url(settings: Settings, here: str) -> str:
    return settings.public_url if "public_url" in settings.model_fields_set else here


def _log_to_file(settings: Settings) -> None:
    """Logs go beside the servers' own, so that the terminal shows what a person needs."""
    folder = settings.data / "logs"
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        rotate(folder / LOG)
        log.configure(logging.INFO, (folder / LOG).open("a", buffering=1))
    except OSError as error:
        raise from_os_error(error, settings.data) from error
