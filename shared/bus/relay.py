"""The relay carries journal rows to JetStream: it claims, publishes, waits for the PubAck, writes the sequence back."""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

import structlog
from nats.js.client import JetStreamContext

from shared.contracts import Envelope
from shared.db import Database, Row
from shared.errors import Unavailable
from shared.metrics import RELAYED

BATCH, IN_ONE_WRITE = 500, 50
PATIENCE_SECONDS = 3.0
POLL_SECONDS = 1.0
SPACING_SECONDS, CROWDED_SPACING_SECONDS, CROWD = 0.02, 0.1, 10
"""From one batch to the next, and after one that held a crowd: fewer, fuller batches cost all four services less."""
_RELAY_LOCK = 7_215_903
_ALONE = "SELECT pg_try_advisory_xact_lock($1), set_config('synchronous_commit', 'off', true)"
"""Nobody's form waits for the disk because of a sequence: one that a crash loses is given again."""

log = structlog.get_logger()


class Relay:
    """One at work a service at a time; the lock is thrift, not safety: a fact sent twice is received once."""

    def __init__(self, service: str, network: str, db: Database, js: JetStreamContext) -> None:
        self.service = service
        self.network = network
        self.db = db
        self.js = js

    async def run(self) -> None:
        """Carry for ever: wake at each commit, poll as a fallback, wait longer while something does not answer."""
        pause = POLL_SECONDS
        clock = asyncio.get_running_loop().time
        while True:
            self.db.committed.clear()
            started, carried = clock(), BATCH
            try:
                while carried == BATCH:
                    carried = await self.drain()
                pause = POLL_SECONDS
            except (Unavailable, PublishFailed) as error:
                log.warning("relay waits", service=self.service, reason=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, 2)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):  # wait_for would swallow a cancellation that comes with the bell
                    await self.db.committed.wait()
            spacing = CROWDED_SPACING_SECONDS if carried >= CROWD else SPACING_SECONDS
            await asyncio.sleep(max(0.0, started + spacing - clock()))

    async def drain(self) -> int:
        """Carry one batch; returns its size. Raises PublishFailed when part of it was not acknowledged."""
        async with self.db.connection() as connection, connection.transaction():
            if not await connection.fetchval(_ALONE, _RELAY_LOCK):
                return 0
            rows = await connection.fetch(
                """SELECT position, event_id, stream, contract, subject, correlation_id, causation_id, body, recorded_at
                   FROM journal WHERE stream_seq IS NULL AND body IS NOT NULL ORDER BY position LIMIT $1""",
                BATCH,
            )
            if not rows:
                return 0
            acknowledged = await self._publish(rows)
            await connection.execute(
                """UPDATE journal SET stream_seq = sent.seq
                   FROM unnest($1::bigint[], $2::bigint[]) AS sent (position, seq)
                   WHERE journal.position = sent.position""",
                list(acknowledged),
                list(acknowledged.values()),
            )
        for contract, count in Counter(row["contract"] for row in rows if row["position"] in acknowledged).items():
            RELAYED.labels(self.service, contract).inc(count)
        if len(acknowledged) < len(rows):
            raise PublishFailed(f"{len(rows) - len(acknowledged)} of {len(rows)} facts were not acknowledged")
        return len(rows)

    async def _publish(self, rows: list[Row]) -> dict[int, int]:
        """Position and stream sequence of what was acknowledged in time; a future that never ends is let go."""
        futures: dict[asyncio.Future[Any], int] = {}
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                for number, row in enumerate(rows, 1):
                    futures[await self._send(row)] = row["position"]  # without handing over to the loop
                    if number % IN_ONE_WRITE == 0:
                        await asyncio.sleep(0)  # these leave, while the next are written
        except Exception as error:
            log.warning("publish stopped", service=self.service, reason=type(error).__name__)
        if futures:
            await asyncio.wait(futures, timeout=PATIENCE_SECONDS)
        for future in futures:
            future.cancel()
        return {
            position: future.result().seq
            for future, position in futures.items()
            if future.done() and not future.cancelled() and future.exception() is None
        }

    async def _send(self, row: Row) -> asyncio.Future[Any]:
        envelope = Envelope(
            row["event_id"], row["contract"], row["recorded_at"], row["correlation_id"], row["causation_id"]
        )
        return await self.js.publish_async(
            row["subject"], row["body"].encode(), stream=row["stream"], headers=envelope.headers(self.network)
        )


class PublishFailed(Exception):
    """The stream did not acknowledge everything in time; the rows stay in the journal and go again."""
