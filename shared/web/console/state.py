"""How a service's bus does: what waits to leave, what waits to be handled and for how long; Prometheus reads it too."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from nats.errors import Error as NatsError

from shared.bus import Bus
from shared.bus.pull import ConsumerGone, Pull
from shared.chores import Chore
from shared.clock import now
from shared.db import Tx
from shared.metrics import CONSUMER_OLDEST, DEAD, JOURNAL_OLDEST, JOURNAL_WAITING, PARKED, PENDING

if TYPE_CHECKING:
    from shared.service import Service


_level: WeakKeyDictionary[Bus, dict[str, datetime]] = WeakKeyDictionary()
"""When nothing was seen waiting on a stream, last; of each service of this process."""


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """One consumer: facts that it has not acknowledged, for how long at most the oldest has waited, and its pace."""

    name: str
    stream: str
    pending: int
    oldest_seconds: float
    handled_last_minute: int


@dataclass(frozen=True, slots=True)
class BusState:
    """One service's bus; `consumers` is None while the stream does not answer."""

    service: str
    bus: str
    journal_waiting: int
    journal_oldest_seconds: float
    said_last_minute: int
    parked: int
    dead_letters: int
    consumers: list[ConsumerState] | None

    def told(self) -> dict[str, Any]:
        """The state as the API says it."""
        return asdict(self)


async def bus_state(service: "Service") -> BusState:
    """The state of now. Raises Unavailable without the database; without the stream, says so."""
    async with service.db.reading() as tx:
        row = await tx.fetchrow(
            """SELECT (SELECT count(*) FROM journal WHERE stream_seq IS NULL AND body IS NOT NULL) AS waiting,
                      coalesce((SELECT extract(epoch FROM now() - recorded_at)::float8 FROM journal
                                WHERE stream_seq IS NULL AND body IS NOT NULL ORDER BY position LIMIT 1), 0) AS oldest,
                      (SELECT count(*) FROM (SELECT recorded_at FROM journal ORDER BY position DESC LIMIT 20000) AS last
                       WHERE recorded_at > now() - interval '1 minute') AS said,
                      (SELECT count(*) FROM parked WHERE next_at IS NOT NULL) AS parked,
                      (SELECT count(*) FROM parked WHERE next_at IS NULL) AS dead"""
        )
        assert row is not None
        try:
            consumers = [await _consumer(service, stream, tx) for stream in service.card.streams]
        except (NatsError, ConsumerGone, OSError, TimeoutError):
            consumers = None
    return BusState(
        service.card.name,
        "ok" if service.bus.healthy else "degraded",
        row["waiting"],
        max(0.0, row["oldest"]),
        row["said"],
        row["parked"],
        row["dead"],
        consumers,
    )


async def _consumer(service: "Service", stream: str, tx: Tx) -> ConsumerState:
    name = service.card.durable(stream)
    if service.bus.client is None:
        raise TimeoutError
    told = await Pull(service.bus.client, stream, name).info()
    row = await tx.fetchrow(
        """SELECT (SELECT event_id FROM inbox WHERE consumer = $1 ORDER BY event_id DESC LIMIT 1) AS newest,
                  (SELECT count(*) FROM
                      (SELECT received_at FROM inbox WHERE consumer = $1 ORDER BY event_id DESC LIMIT 20000) AS last
                   WHERE received_at > now() - interval '1 minute') AS handled""",
        name,
    )
    assert row is not None
    pending = int(told["num_pending"]) + int(told["num_ack_pending"])
    since = _behind_since(service, stream, datetime.fromisoformat(told["created"]), row["newest"])
    if not pending:
        _level.setdefault(service.bus, {})[stream] = now()
    oldest = max(0.0, (now() - since).total_seconds()) if pending else 0.0
    return ConsumerState(name, stream, pending, round(oldest, 1), row["handled"])


def _behind_since(service: "Service", stream: str, created: datetime, newest: UUID | None) -> datetime:
    """The moment after which the oldest waiting fact was said: the newest one handled, or when nothing waited.

    The stream tells no message's time to a service that only reads its own consumers; ids tell ours (UUIDv7).
    """
    said_at = datetime.fromtimestamp((newest.int >> 80) / 1000, UTC) if newest and newest.version == 7 else created
    return max(said_at, _level.get(service.bus, {}).get(stream, said_at))


async def measure(service: "Service") -> None:
    """What Prometheus reads of the bus, renewed by the clock."""
    state = await bus_state(service)
    JOURNAL_WAITING.labels(state.service).set(state.journal_waiting)
    JOURNAL_OLDEST.labels(state.service).set(state.journal_oldest_seconds)
    PARKED.labels(state.service).set(state.parked)
    DEAD.labels(state.service).set(state.dead_letters)
    for one in state.consumers or ():
        PENDING.labels(state.service, one.stream).set(one.pending)
        CONSUMER_OLDEST.labels(state.service, one.stream).set(one.oldest_seconds)


MEASURE = Chore("measure the bus", 5, measure)
