"""One service in a process of its own, as a container or a unit runs it."""

import asyncio
import os

from services.houses import build
from services.serving import serve, stop_on_signals
from shared import log
from shared.embedded.errors import CannotStart
from shared.settings import Settings

YIELDS = {"mailing": 5}
"""How much a service apart yields to the others of its machine (nice): letters can wait for forms."""
LEAVING_SECONDS = 2.5
"""A process told to stop says 503 on `ready` for so long, and answers still: the gateway turns to another meanwhile."""
ANSWERING_SECONDS = 6.0
"""How long what it took may still need: a crowd on a slow machine waits for its answers."""


async def run_apart(name: str, settings: Settings, host: str, port: int) -> None:
    """One service, against a NATS and a PostgreSQL given by their addresses."""
    log.configure()
    if not settings.database_url or not settings.nats_url:
        raise CannotStart("MAILLAGE_DATABASE_URL and MAILLAGE_NATS_URL say where PostgreSQL and NATS are.")
    os.nice(YIELDS.get(name, 0))
    stop = stop_on_signals()
    updates = {"database_url": settings.database_url.replace("{service}", name)}
    updates |= {"nats_url": settings.nats_url.replace("{user}", name)}
    shut = asyncio.Event()
    async with build(name, settings.model_copy(update=updates)) as service:
        serving = asyncio.create_task(serve(service.asgi, host, port, shut, ANSWERING_SECONDS))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        service.still_awaited = _its_end
        service.closing.set()
        await asyncio.wait({serving}, timeout=LEAVING_SECONDS)
        shut.set()
        await serving


async def _its_end() -> str:
    return "its end"
