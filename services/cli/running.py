"""`maillage run`: everything on this machine, or one service apart."""

import asyncio
import logging
import os
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Annotated, Any, Literal

import structlog
import typer
import uvloop
from rich.console import Console

from services.embedded import House, house
from services.examples.loading import Loading
from services.gateway import Gateway
from services.houses import BUILD
from services.reach import fail, settings_from_environment
from services.serving import PortTaken, check_port, serve, stop_on_signals
from services.signing_in import sign_in_url
from shared import log
from shared.embedded.errors import CannotStart, from_os_error
from shared.embedded.process import rotate
from shared.errors import Unavailable
from shared.settings import Settings

ServiceName = Literal["registry", "events", "mailing", "observatory"]

LOG = "maillage.log"
YIELDS = {"mailing": 10}
"""How much a service apart yields to the others of its machine (nice): letters can wait for forms."""

console = Console(highlight=False)


def run(
    service: Annotated[ServiceName | None, typer.Argument(help="one service apart; none: all four, embedded")] = None,
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535)] = 8000,
    host: Annotated[str, typer.Option(envvar="MAILLAGE_HOST", help="shells set HOST to other ends")] = "127.0.0.1",
    demo: Annotated[bool | None, typer.Option(envvar="DEMO", help="the fictional season; else MAILLAGE_DEMO")] = None,
) -> None:
    """Start Maillage."""
    settings = settings_from_environment(demo)
    try:
        settings.refuse_default_secrets()
    except ValueError as error:
        fail(str(error))
    try:
        check_port(host, port)
        uvloop.run(run_house(settings, host, port) if service is None else run_apart(service, settings, host, port))
    except (CannotStart, PortTaken, Unavailable) as error:
        fail(str(error))
    except Exception as error:
        structlog.get_logger().error("stopped by an error", exc_info=error)
        where = "" if service else f" (voir {settings.data / 'logs' / LOG})"
        fail(f"Maillage s’est arrêté sur une erreur\u00a0: {str(error) or type(error).__name__}{where}.")


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
    await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    telling.cancel()
    for service in here.services.values():
        service.closing.set()
    await asyncio.gather(telling, return_exceptions=True)
    await serving


async def run_apart(name: str, settings: Settings, host: str, port: int) -> None:
    """One service, against a NATS and a PostgreSQL given by their addresses."""
    log.configure()
    if not settings.database_url or not settings.nats_url:
        raise CannotStart("MAILLAGE_DATABASE_URL and MAILLAGE_NATS_URL say where PostgreSQL and NATS are.")
    os.nice(YIELDS.get(name, 0))
    stop = stop_on_signals()
    updates = {"database_url": settings.database_url.replace("{service}", name)}
    updates |= {"nats_url": settings.nats_url.replace("{user}", name)}
    async with BUILD[name](settings.model_copy(update=updates)) as service:
        serving = asyncio.create_task(serve(service.asgi, host, port, stop))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        service.closing.set()
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
    for label, path in (
        ("Annuaire", "/annuaire"),
        ("Agenda", "/agenda"),
        ("Observatoire", "/observatoire"),
        ("Lettres", "/lettres"),
        ("Courrier capturé", "/courrier"),
    ):
        console.print(f"  {label:<18}{base}{path}", soft_wrap=True)
    link = sign_in_url(here.services["registry"], here.settings.team_email)
    console.print(f"  {'Espace équipe':<18}{link}", soft_wrap=True, markup=False)
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
