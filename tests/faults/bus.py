"""The bus seen from outside: what consumers still owe, what is parked, how busy the server is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from nats.aio.client import Client

from services.houses import CARDS
from shared.bus.bus import connect
from shared.settings import Settings
from tests.e2e.apart import NETWORK, Apart


@asynccontextmanager
async def bus_user(town: Apart, user: str) -> AsyncIterator[Client]:
    """A connection as one of the bus's users."""

    async def closed() -> None:
        return None

    settings = Settings(nats_url=town.system.nats_url(user), network=NETWORK)
    client = await connect(settings, user, closed)
    try:
        yield client
    finally:
        await client.close()


async def owed(town: Apart) -> dict[str, int]:
    """Messages that each consumer has not acknowledged yet; KeyError-free: a consumer that is gone is a fault."""
    async with bus_user(town, "owner") as client:
        js = client.jetstream(timeout=5)
        found = {}
        for card in CARDS.values():
            for stream in card.streams:
                info = await js.consumer_info(stream, card.durable(stream))
                found[card.durable(stream)] = (info.num_pending or 0) + (info.num_ack_pending or 0)
        return found


async def parked(town: Apart) -> list[Any]:
    """Every parked row of the four services, with the service's name."""
    found = []
    for name in CARDS:
        found += await town.rows(name, "SELECT $1 AS service, * FROM parked ORDER BY first_at", name)
    return found


async def messages_a_second(town: Apart, seconds: float = 3) -> float:
    """How much the bus is spoken to while nobody does anything: a spinning consumer shows here."""
    assert town.system.nats is not None
    async with httpx.AsyncClient(base_url=town.system.nats.monitoring_url) as client:
        before = (await client.get("/varz")).json()["in_msgs"]
        await asyncio.sleep(seconds)
        return float((await client.get("/varz")).json()["in_msgs"] - before) / seconds


async def complaint(town: Apart, *words: str) -> str:
    """What a command that must fail says."""
    try:
        said = await town.command(*words)
    except AssertionError as error:
        return str(error)
    raise AssertionError(f"maillage {' '.join(words)} found nothing to say: {said}")
