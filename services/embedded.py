"""`maillage run`: the servers, the four services behind one port, the mailbox and the examples, in one process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from services.houses import CARDS, build
from services.nats_users import bus_users
from services.purging import purge_erased
from shared import migrate
from shared.bus.bus import connect
from shared.bus.streams import apply, is_whole
from shared.db import Database
from shared.embedded.ending import end
from shared.embedded.nats import NatsUser
from shared.embedded.system import EmbeddedSystem
from shared.errors import Unavailable
from shared.service import Service
from shared.settings import Settings

WATCH_SECONDS = 2


@dataclass
class House:
    """Four services at work on one machine."""

    settings: Settings
    system: EmbeddedSystem
    services: Mapping[str, Service]


def settings_for(settings: Settings, system: EmbeddedSystem, service: str) -> Settings:
    """One service's settings, completed from the data folder where the environment is silent."""
    return settings.model_copy(
        update={
            "secret": system.secrets.signing_secret,
            "people_secret": system.secrets.people_secret,
            "database_url": system.database_url(service),
            "nats_url": system.nats_url(service),
            "smtp_url": settings.smtp_url or system.smtp_url,
            "smtp_is_mailbox": not settings.smtp_url,
        }
    )


@asynccontextmanager
async def house(settings: Settings) -> AsyncIterator[House]:
    """Start servers, migrate, declare the streams, enter the four services; leave them in the reverse order."""
    users = [NatsUser(one.name, one.publish, one.subscribe) for one in bus_users(settings.network)]
    async with AsyncExitStack() as stack:
        system = await stack.enter_async_context(
            EmbeddedSystem(
                settings.data, nats_users=users, database_url=settings.database_url, nats_url=settings.nats_url
            )
        )
        system.mailbox_app.state.settings = settings
        services = {name: build(name, settings_for(settings, system, name)) for name in CARDS}
        for service in services.values():
            await migrate.migrate(service.settings.database_url, service.migrations)
        owner = asyncio.create_task(own_the_bus(settings, system, services["registry"].db))
        stack.push_async_callback(end, owner)
        for service in services.values():
            await stack.enter_async_context(service)
        yield House(settings, system, services)


async def own_the_bus(settings: Settings, system: EmbeddedSystem, registry: Database) -> None:
    """Declare streams and consumers, again whenever a store comes back without them; purge whoever was erased."""
    owner = settings.model_copy(update={"nats_url": system.nats_url("owner")})

    async def closed() -> None:
        return None

    while True:
        with suppress(Exception):
            client = await connect(owner, "owner", closed)
            try:
                await apply(client, settings, CARDS.values())
                while await is_whole(client, CARDS.values()):
                    await asyncio.sleep(WATCH_SECONDS)
                    with suppress(Unavailable):
                        await purge_erased(client, registry, settings.network)
            finally:
                await client.close()
        await asyncio.sleep(1)
