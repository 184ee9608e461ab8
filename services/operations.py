"""What the operator's commands do: compare the journal with its streams, fill them again."""

from collections.abc import AsyncIterator
from datetime import timedelta

from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError

from services import reach
from services.houses import CARDS
from services.observatory.queries.checks import figure_faults
from shared.bus.streams import apply
from shared.clock import now
from shared.contracts import FACTS, PEOPLE
from shared.settings import Settings

READ_BATCH = 1_000
SETTLED = timedelta(seconds=5)
"""Rows younger than this, not acknowledged yet, may still be on their way."""


async def declare(client: Client, settings: Settings) -> None:
    """Declare the streams and consumers of all four services."""
    await apply(client, settings, CARDS.values())


async def ids_on(client: Client, stream: str, subjects: str) -> set[tuple[str, str]]:
    """Subject and event id of every message of `stream` under `subjects`, read as the owner; a lost stream has none."""
    try:
        return {pair async for pair in _read(client, stream, subjects)}
    except NotFoundError:
        return set()


async def _read(client: Client, stream: str, subjects: str) -> AsyncIterator[tuple[str, str]]:
    js = client.jetstream(timeout=10)
    config = ConsumerConfig(
        filter_subject=subjects,
        ack_policy=AckPolicy.NONE,
        headers_only=True,
        inactive_threshold=60,
        mem_storage=True,
    )
    made = await js.add_consumer(stream, config)
    sub = await js.pull_subscribe_bind(made.name, stream)
    left = made.num_pending or 0
    try:
        while left > 0:
            for message in await sub.fetch(min(READ_BATCH, left), timeout=10):
                left -= 1
                yield message.subject, (message.headers or {}).get("ce-id", "")
    finally:
        await sub.unsubscribe()
        await js.delete_consumer(stream, made.name)


async def missing_rows(client: Client, service: str) -> list[int]:
    """Positions of journal rows that their stream does not hold; blanked rows and personal ones past 30 days aside.

    The journal is read first: what it says was acknowledged must be on the stream, however young it is.
    """
    network = reach.settings_from_environment().network
    async with reach.database(service) as db, db.reading() as tx:
        rows = await tx.fetch(
            """SELECT position, subject, event_id FROM journal
               WHERE body IS NOT NULL AND (stream_seq IS NOT NULL OR recorded_at < $1)
                 AND (stream = 'FACTS' OR recorded_at > $2)""",
            now() - SETTLED,
            now() - timedelta(days=30) + timedelta(minutes=10),
        )
    there = await ids_on(client, FACTS, f"maillage.{network}.{service}.>")
    there |= await ids_on(client, PEOPLE, f"people.{network}.{service}.>")
    return [row["position"] for row in rows if (row["subject"], str(row["event_id"])) not in there]


async def refill(client: Client, service: str) -> int:
    """Clear the sequence of the rows that the streams have lost, so that the relay sends them; returns how many."""
    lost = await missing_rows(client, service)
    async with reach.database(service) as db, db.transaction() as tx:
        await tx.execute("UPDATE journal SET stream_seq = NULL WHERE position = ANY($1)", lost)
    return len(lost)


async def verify_service(client: Client, service: str) -> list[str]:
    """What is wrong between a service's journal and its streams, and in the figures, in sentences."""
    lost = await missing_rows(client, service)
    faults = [f"{service}: {len(lost)} journal rows are not on their stream: run `maillage republish`."] if lost else []
    if service == "observatory":
        async with reach.database(service) as db, db.reading() as tx:
            faults += await figure_faults(tx)
    return faults
