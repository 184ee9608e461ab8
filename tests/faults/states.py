"""What the four databases hold, to the byte, and every fact said a second time."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from nats.aio.client import Client

from services.houses import CARDS
from shared.clock import new_id
from shared.contracts import Envelope
from tests.conftest import eventually
from tests.e2e.apart import NETWORK, Apart
from tests.faults.bus import bus_user, owed
from tests.faults.report import LONG

State = dict[str, list[str]]
SETTLED_SECONDS = 240 if LONG else 60
ALIVE = {"sender"}
"""Tables in which processes say that they are alive: never the same twice."""
WHO_SAW_WHAT = "SELECT consumer || event_id AS line FROM inbox ORDER BY 1"


async def state(town: Apart, services: Iterable[str] = tuple(CARDS)) -> State:
    """Every row of every table as text, in order; of the inbox who saw what, not when."""
    found: State = {}
    for service in services:
        tables = await town.rows(service, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        for table in {row["tablename"] for row in tables} - ALIVE:
            query = WHO_SAW_WHAT if table == "inbox" else f'SELECT t::text AS line FROM "{table}" t ORDER BY 1'
            found[f"{service}.{table}"] = [row["line"] for row in await town.rows(service, query)]
    return found


def differences(before: State, after: State) -> list[str]:
    """The tables that are not the same to the byte, with how many rows changed."""
    return [
        f"{table}: {len(set(before.get(table, [])) ^ set(after.get(table, [])))} rows differ"
        for table in sorted(before.keys() | after.keys())
        if before.get(table) != after.get(table)
    ]


async def journal(town: Apart, service: str, after: int = 0) -> list[Any]:
    """What a service has said and the stream has acknowledged, in its order."""
    return await town.rows(
        service,
        """SELECT position, event_id, stream, contract, subject, correlation_id, causation_id, body, recorded_at
           FROM journal WHERE stream_seq IS NOT NULL AND body IS NOT NULL AND position > $1 ORDER BY position""",
        after,
    )


async def say_again(client: Client, row: Any, *, as_another: bool = False) -> None:
    """Put a fact on its stream once more, without the message id by which the server would drop it.

    `as_another` gives it an id of its own: nothing says any more that it is the same fact.
    """
    event_id = new_id() if as_another else row["event_id"]
    envelope = Envelope(event_id, row["contract"], row["recorded_at"], row["correlation_id"], row["causation_id"])
    headers = envelope.headers(NETWORK)
    del headers["Nats-Msg-Id"]
    await client.jetstream(timeout=5).publish(
        row["subject"], row["body"].encode(), stream=row["stream"], headers=headers
    )


@asynccontextmanager
async def everything_twice(town: Apart) -> AsyncIterator[list[int]]:
    """While the body lasts, each new fact of each service is said again at once, beside the first; how many, in [0]."""
    again, going = [0], True
    async with AsyncExitStack() as stack:
        clients = {name: await stack.enter_async_context(bus_user(town, name)) for name in CARDS}
        reached = {name: max((row["position"] for row in await journal(town, name)), default=0) for name in CARDS}

        async def repeat(name: str) -> None:
            while True:
                last = not going
                for row in await journal(town, name, reached[name]):
                    await say_again(clients[name], row)
                    reached[name], again[0] = row["position"], again[0] + 1
                if last:
                    return
                await asyncio.sleep(0.05)

        async with asyncio.TaskGroup() as group:
            for name in CARDS:
                group.create_task(repeat(name))
            try:
                yield again
            finally:
                going = False


async def settled(town: Apart, seconds: float = SETTLED_SECONDS) -> None:
    """Wait until every fact is on its stream and acknowledged by all, nothing parked for later, no mail waiting."""

    async def nothing_left() -> bool:
        """In the order in which facts go, so that none slips past the look; a mail that left is a fact again."""
        return await heard() and not await letters() and await heard()

    async def heard() -> bool:
        """Every fact is on its stream, and whoever hears it has said so."""
        waiting = 0
        for name in CARDS:
            rows = await town.rows(
                name,
                """SELECT (SELECT count(*) FROM journal WHERE stream_seq IS NULL AND body IS NOT NULL)
                        + (SELECT count(*) FROM parked WHERE next_at IS NOT NULL)""",
            )
            waiting += rows[0][0]
        return not waiting and not any((await owed(town)).values())

    async def letters() -> int:
        rows = await town.rows("mailing", "SELECT count(*) FROM outgoing WHERE state IN ('queued', 'sending')")
        return int(rows[0][0])

    await eventually(nothing_left, seconds)
