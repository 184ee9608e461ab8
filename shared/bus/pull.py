"""One durable consumer, pulled continuously: one standing request, messages as they come, silence noticed.

FastStream and nats-py's `fetch` both hold a batch until their timeout; see docs/decisions/0001.
"""

import asyncio
import json
from typing import Any

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

BATCH = 200
EXPIRES_SECONDS = 30
HEARTBEAT_SECONDS = 2

log = structlog.get_logger()


class ConsumerGone(Exception):
    """The server has no such consumer (any more): its owner must declare it again."""


class Pull:
    """Asks for up to `BATCH` messages at a time and hands them over in the groups in which they arrived.

    One inbox for all requests, for as long as the client lives: a request sent into an outage is answered after it.
    """

    def __init__(self, client: Client, stream: str, durable: str) -> None:
        self.client = client
        self.stream = stream
        self.durable = durable
        self._arrived: asyncio.Queue[Msg] = asyncio.Queue()
        self._wanted = 0
        self._subscription: Subscription | None = None
        self._inbox = client.new_inbox()
        self._asked = 0

    async def open(self) -> None:
        """Listen to an inbox of our own, or begin again after a fault; `next_batch` sends the request itself."""
        if self._subscription is None:
            self._subscription = await self.client.subscribe(f"{self._inbox}.*", cb=self._arrived.put)
        self._wanted = 0

    async def next_batch(self) -> list[Msg]:
        """The messages that are here, at least one; empty after a silence. Raises ConsumerGone."""
        if self._wanted <= 0 and self._arrived.empty():
            await self._ask()
        try:
            async with asyncio.timeout(2.5 * HEARTBEAT_SECONDS):
                message = await self._arrived.get()
        except TimeoutError:
            self._wanted = 0  # the request was lost, with a server or on the way
            await self.info()
            return []
        batch = self._take(message)
        while not self._arrived.empty() and len(batch) < BATCH:
            batch += self._take(self._arrived.get_nowait())
        return batch

    def _take(self, message: Msg) -> list[Msg]:
        status = (message.headers or {}).get("Status")
        if message.data or status is None:
            self._wanted -= 1
            return [message]
        if status == "100" or message.subject != self._reply:
            return []  # still waiting; or the end of an earlier request, which is none of this one's
        self._wanted = 0
        description = (message.headers or {}).get("Description", "")
        if "Consumer Deleted" in description:
            raise ConsumerGone(self.durable)
        if status == "503":
            raise ConsumerGone(f"{self.durable}: nobody answers")
        return []

    @property
    def _reply(self) -> str:
        return f"{self._inbox}.{self._asked}"

    async def _ask(self) -> None:
        self._wanted = BATCH
        self._asked += 1
        request = {
            "batch": BATCH,
            "expires": EXPIRES_SECONDS * 1_000_000_000,
            "idle_heartbeat": HEARTBEAT_SECONDS * 1_000_000_000,
        }
        await self.client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{self.stream}.{self.durable}", json.dumps(request).encode(), reply=self._reply
        )

    async def info(self) -> dict[str, Any]:
        """What the server knows of this consumer. Raises ConsumerGone."""
        answer = await self.client.request(f"$JS.API.CONSUMER.INFO.{self.stream}.{self.durable}", b"", timeout=2)
        told: dict[str, Any] = json.loads(answer.data)
        if "error" in told:
            raise ConsumerGone(self.durable)
        return told
