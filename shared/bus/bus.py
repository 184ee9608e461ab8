"""A service's life on the bus: one connection, the relay, a frame a stream, and a round trip that tells the truth."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from urllib.parse import unquote, urlsplit

import nats
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from shared.bus.frame import Frame
from shared.bus.pull import ConsumerGone, Pull
from shared.bus.relay import Relay
from shared.bus.streams import HEALTH
from shared.card import Card, Handler
from shared.clock import new_id
from shared.contracts import DomainEvent
from shared.db import Database
from shared.metrics import BUS_UP
from shared.settings import Settings

ROUND_TRIP_SECONDS = 10

log = structlog.get_logger()


async def connect(settings: Settings, name: str, on_closed: Callable[[], Awaitable[None]]) -> Client:
    """A connection that never gives up, with an inbox prefix of its own; the user may stand in the address."""

    async def quiet(error: Exception) -> None:
        log.debug("bus connection", name=name, reason=str(error))

    servers = settings.nats_url.split(",")
    named = urlsplit(servers[0])  # a node that the cluster makes known has no name in its address
    return await nats.connect(
        servers,
        user=settings.nats_user or unquote(named.username or "") or None,
        password=settings.nats_password or unquote(named.password or "") or None,
        name=name,
        inbox_prefix=f"_INBOX_{name}".encode(),
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.5,
        connect_timeout=3,
        ping_interval=5,
        max_outstanding_pings=2,
        allow_reconnect=True,
        error_cb=quiet,
        closed_cb=on_closed,
        pending_size=8 * 1024 * 1024,
    )


class Bus:
    """Carries what the service says and brings what it hears, for as long as `run` runs."""

    def __init__(
        self, card: Card, settings: Settings, db: Database, handlers: Mapping[type[DomainEvent], Handler]
    ) -> None:
        self.card = card
        self.settings = settings
        self.db = db
        self.handlers = handlers
        self.healthy = False
        """Whether the last round trip through the stream came back."""
        self.client: Client | None = None

    async def run(self) -> None:
        """Live on the bus until cancelled; a connection that closed for good is replaced."""
        while True:
            closed = asyncio.Event()

            async def note(closed: asyncio.Event = closed) -> None:
                closed.set()

            client: Client | None = None
            try:
                client = self.client = await connect(self.settings, self.card.name, note)
                await self._live(client, closed)
            except (NatsError, OSError) as error:
                log.warning("bus connection lost", service=self.card.name, reason=str(error))
            except Exception as error:  # whatever it is, a service that stays deaf is worse than one that begins again
                log.error("life on the bus failed", service=self.card.name, exc_info=error)
            finally:
                self.healthy, self.client = False, None
                if client is not None:
                    with suppress(Exception):
                        await asyncio.wait_for(client.close(), 2)
            await asyncio.sleep(1)

    async def _live(self, client: Client, closed: asyncio.Event) -> None:
        relay = Relay(self.card.name, self.settings.network, self.db, client.jetstream(timeout=5))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(relay.run()), group.create_task(self._round_trips(client))]
            for stream in self.card.streams:
                frame = Frame(self.card.name, self.card.durable(stream), self.db, self.handlers)
                tasks.append(group.create_task(self._consume(client, stream, frame)))
                tasks.append(group.create_task(frame.parking.run()))
            await closed.wait()
            for task in tasks:
                task.cancel()

    async def _consume(self, client: Client, stream: str, frame: Frame) -> None:
        """Hear one stream while the connection lives; a consumer that is gone is bound again once it is declared."""
        pull = Pull(client, stream, self.card.durable(stream))
        while not client.is_closed:  # and not for ever: nats-py may lose the cancellation that ends this
            try:
                await pull.open()
                while True:
                    messages = await pull.next_batch()
                    if messages:
                        await frame.receive(messages)
            except (ConsumerGone, NatsError, OSError, TimeoutError) as error:
                log.warning("consumer waits", service=self.card.name, stream=stream, reason=str(error))
            except Exception as error:  # a fault of one consumer must not silence the relay and the other one
                log.error("consumer failed", service=self.card.name, stream=stream, exc_info=error)
            await asyncio.sleep(0.5)

    async def _round_trips(self, client: Client) -> None:
        while not client.is_closed:
            self.healthy = await self.round_trip(client)
            BUS_UP.labels(self.card.name).set(self.healthy)
            await asyncio.sleep(ROUND_TRIP_SECONDS if self.healthy else 1)

    async def round_trip(self, client: Client) -> bool:
        """Write a word on the stream of health and read the same word back."""
        word = str(new_id()).encode()
        subject = f"health.{self.settings.network}.{self.card.name}"
        js = client.jetstream(timeout=3)
        try:
            await js.publish(subject, word, stream=HEALTH, timeout=3)
            answer = await js.get_last_msg(HEALTH, subject, direct=True)
        except Exception as error:
            log.warning("no round trip", service=self.card.name, reason=type(error).__name__)
            return False
        return answer.data == word
