"""The bus owner's part in an erasure: empty the stream of a person once all four services have erased theirs."""

import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError

from services.houses import CARDS
from shared.contracts import FACTS, PEOPLE, parse
from shared.contracts.registry import ErasureRequested
from shared.db import Database

Known = dict[UUID, tuple[str, datetime]]
"""Erasures by their id: the person's key, and when the request was recorded."""
KEY = re.compile(r"p\d+[0-9a-f]{64}")


async def purge_erased(client: Client, registry: Database, network: str) -> int:
    """Purge what the stream holds of those whom every service has erased, and note it; how many erasures ended."""
    async with registry.reading() as tx:
        due = await tx.fetch(
            """SELECT receipt.erasure_id, receipt.person_key, erasure.requested_at
               FROM erasure_receipt AS receipt JOIN erasure USING (erasure_id)
               WHERE purged_at IS NULL AND $1 <= (
                   SELECT count(*) FROM erasure_part AS part WHERE part.erasure_id = receipt.erasure_id)
               ORDER BY receipt.requested_at LIMIT 1000""",
            len(CARDS),
        )
    for row in due:
        await _purge(client, f"people.{network}.*.*.*.{row['person_key']}", row["requested_at"])
        async with registry.transaction() as tx:
            await tx.execute("UPDATE erasure_receipt SET purged_at = now() WHERE erasure_id = $1", row["erasure_id"])
    return len(due)


async def _purge(client: Client, subjects: str, until: datetime) -> None:
    """Whatever was recorded until then; somebody who came back since keeps their messages."""
    js = client.jetstream(timeout=10)
    for sequence, headers, _body in await _read(client, PEOPLE, subjects):
        if datetime.fromisoformat(headers["ce-time"]) <= until:
            await js.delete_msg(PEOPLE, sequence)  # overwrites it on the disk, which a purge does not


async def _read(client: Client, stream: str, subjects: str) -> list[tuple[int, dict[str, str], bytes]]:
    """Sequence, headers and body of what a stream holds under some subjects; a lost stream holds nothing."""
    js = client.jetstream(timeout=10)
    config = ConsumerConfig(filter_subject=subjects, ack_policy=AckPolicy.NONE, inactive_threshold=60, mem_storage=True)
    try:
        made = await js.add_consumer(stream, config)
    except NotFoundError:
        return []
    subscription = await js.pull_subscribe_bind(made.name, stream)
    found: list[tuple[int, dict[str, str], bytes]] = []
    try:
        while len(found) < (made.num_pending or 0):
            for message in await subscription.fetch(min(500, (made.num_pending or 0) - len(found)), timeout=10):
                found.append((message.metadata.sequence.stream, dict(message.headers or {}), message.data))
    finally:
        await subscription.unsubscribe()
        await js.delete_consumer(stream, made.name)
    return found


async def requested_on_the_bus(client: Client, network: str) -> Known:
    """Every erasure that the stream of facts tells of."""
    contract = ErasureRequested.contract()
    found: Known = {}
    for _sequence, headers, body in await _read(client, FACTS, ErasureRequested.subject_filter(network)):
        event = parse(contract, body)
        assert isinstance(event, ErasureRequested)
        found[event.erasure_id] = (event.person_key, datetime.fromisoformat(headers["ce-time"]))
    return found


def requested_in(lines: str) -> Known:
    """Every erasure of a list that was kept apart (`maillage erasures list`); ValueError where it is not one."""
    found: Known = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        row: dict[str, Any] = json.loads(line)
        if not KEY.fullmatch(key := str(row["person_key"])):
            raise ValueError("not the key of a person")
        found[UUID(str(row["erasure_id"]))] = (key, datetime.fromisoformat(str(row["requested_at"])).astimezone(UTC))
    return found


async def requested_here(registry: Database) -> Known:
    """Every erasure that the registry knows."""
    async with registry.reading() as tx:
        rows = await tx.fetch(
            """SELECT erasure_id, receipt.person_key, coalesce(erasure.requested_at, receipt.requested_at) AS at
               FROM erasure_receipt AS receipt LEFT JOIN erasure USING (erasure_id) ORDER BY receipt.requested_at"""
        )
    return {row["erasure_id"]: (row["person_key"], row["at"]) for row in rows}


async def apply_again(known: Known, db: Database) -> int:
    """Ask one service for the erasures that its database, which came back from a backup, has not heard of; how many.

    What it finished before the backup is not done again: whoever came back since keeps what they gave.
    """
    rows = [(erasure_id, key, moment) for erasure_id, (key, moment) in known.items()]
    async with db.transaction() as tx:
        before = await tx.fetchval("SELECT count(*) FROM erasure")
        await tx.executemany(
            "INSERT INTO erasure (erasure_id, person_key, requested_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            rows,
        )
        return int(await tx.fetchval("SELECT count(*) FROM erasure")) - int(before)


async def note_done(registry: Database, service: str, db: Database) -> None:
    """Tell the registry what a service finished, where its own database came back from before it heard of it."""
    async with db.reading() as tx:
        rows = await tx.fetch("SELECT erasure_id, counts, finished_at FROM erasure WHERE finished_at IS NOT NULL")
    async with registry.transaction() as tx:
        await tx.executemany(
            """INSERT INTO erasure_part (erasure_id, service, counts, erased_at) VALUES ($1, $2, $3, $4)
               ON CONFLICT DO NOTHING""",
            [(row["erasure_id"], service, row["counts"], row["finished_at"]) for row in rows],
        )


async def remember_receipts(known: Known, registry: Database) -> None:
    """Receipts that the registry forgot with its database; the stream may have come back too, and is purged again."""
    async with registry.transaction() as tx:
        await tx.executemany(
            """INSERT INTO erasure_receipt (erasure_id, person_key, requested_by, requested_at)
               VALUES ($1, $2, 'restored', $3) ON CONFLICT DO NOTHING""",
            [(erasure_id, key, moment) for erasure_id, (key, moment) in known.items()],
        )
        await tx.execute("UPDATE erasure_receipt SET purged_at = NULL WHERE requested_at > now() - interval '31 days'")
