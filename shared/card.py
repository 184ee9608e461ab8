"""A service's card: what it owns, says and hears. A test holds it to the code, and AsyncAPI is made from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from shared.contracts import FACTS, PEOPLE, DomainEvent, Envelope
from shared.db import Tx

Handler = Callable[[Any, Tx], Awaitable[None]]
"""A plain function `(event, tx)`; it never sees NATS."""
Told = list[tuple[Any, Envelope]]


class InBatches:
    """A handler made of one that takes a batch at once, `(told, tx)`: the frame gives it all that came together."""

    def __init__(self, together: Callable[[Told, Tx], Awaitable[None]]) -> None:
        self.together = together

    async def __call__(self, event: DomainEvent, tx: Tx) -> None:
        assert tx.cause
        await self.together([(event, tx.cause)], tx)


@dataclass(frozen=True, slots=True)
class Card:
    """One page that tells what a service does."""

    name: str
    prefix: str
    """The public path it answers under."""
    owns: tuple[str, ...]
    publishes: tuple[type[DomainEvent], ...]
    listens: tuple[type[DomainEvent], ...]

    def hears(self, stream: str) -> list[type[DomainEvent]]:
        """What it listens to on one stream."""
        return [shape for shape in self.listens if shape.stream == stream]

    @property
    def streams(self) -> list[str]:
        """The streams it has a consumer on."""
        return [stream for stream in (FACTS, PEOPLE) if self.hears(stream)]

    def durable(self, stream: str) -> str:
        """The consumer's name on the server: `mailing-people`."""
        return f"{self.name}-{stream.lower()}"
