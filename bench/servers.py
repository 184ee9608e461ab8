"""The servers under the bench, in a process of their own: PostgreSQL, NATS and an SMTP server that only counts.

`python -m bench.servers FOLDER` writes FOLDER/bench.json once everything is declared, and stops on SIGTERM.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import cast

from services.houses import CARDS
from services.nats_users import bus_users
from services.serving import stop_on_signals
from shared import migrate
from shared.bus.bus import connect
from shared.bus.streams import apply
from shared.embedded.layout import write_private
from shared.embedded.nats import NatsUser
from shared.embedded.system import EmbeddedSystem
from shared.settings import SERVICES, Settings

NETWORK = "so-cooperation"
LIMITS = {"limit_registry": "registry", "limit_events": "events", "limit_figure": "registry"}
"""The limit's own databases on the same PostgreSQL, each with the tables of a service."""
EMPTY = ("listmonk",)
"""Databases for what `letters` may measure beside it, which makes its own tables."""
POSTGRES_EXTRA = "track_commit_timestamp = on\n"
"""`figure` reads when each row was committed from PostgreSQL itself, the same for the product and its limit."""


class MailSink(asyncio.Protocol):
    """Accepts every letter and counts it: a mail server's own work is not what is measured."""

    received = 0
    bytes = 0
    last = 0.0
    recipients: set[bytes] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer, self.in_letter = cast(asyncio.Transport, transport), b"", False
        self.transport.write(b"220 bench ESMTP\r\n")

    def data_received(self, received: bytes) -> None:
        self.buffer += received
        while self.in_letter or b"\r\n" in self.buffer:
            if self.in_letter:
                letter, end, rest = self.buffer.partition(b"\r\n.\r\n")
                if not end:
                    return
                self.buffer, self.in_letter = rest, False
                MailSink.received += 1
                MailSink.bytes += len(letter)
                MailSink.last = time.time()
                self.transport.write(b"250 taken\r\n")
            else:
                line, _, self.buffer = self.buffer.partition(b"\r\n")
                if line[:4].upper() == b"RCPT":
                    MailSink.recipients.add(line[8:].strip().lower())
                self._answer(line[:4].upper())

    def _answer(self, word: bytes) -> None:
        if word == b"DATA":
            self.in_letter = True
            self.transport.write(b"354 go on\r\n")
        elif word == b"EHLO":
            self.transport.write(b"250-bench\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n")
        elif word == b"QUIT":
            self.transport.write(b"221 bye\r\n")
            self.transport.close()
        else:
            self.transport.write(b"250 ok\r\n")


async def main(folder: Path) -> None:
    """Start, declare, say where, and wait."""
    stop = stop_on_signals()
    data = folder / "servers"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(data / "postgres-local.conf", POSTGRES_EXTRA)
    users = [NatsUser(one.name, one.publish, one.subscribe) for one in bus_users(NETWORK)] + [NatsUser("bench")]
    async with EmbeddedSystem(data, nats_users=users, databases=(*SERVICES, *LIMITS, *EMPTY)) as system:
        sink = await asyncio.get_running_loop().create_server(MailSink, "127.0.0.1", 0)
        for name in SERVICES:
            await migrate.migrate(system.database_url(name), _migrations(name))
        for name, service in LIMITS.items():
            await migrate.migrate(system.database_url(name), _migrations(service))
        await _declare(system.nats_url("owner"))
        told = {
            "databases": {name: system.database_url(name) for name in (*SERVICES, *LIMITS, *EMPTY)},
            "nats": {user.name: system.nats_url(user.name) for user in users},
            "smtp": f"smtp://127.0.0.1:{sink.sockets[0].getsockname()[1]}",
        }
        write_private(folder / "bench.json", json.dumps(told))
        while not stop.is_set():
            told = f"{MailSink.received} {len(MailSink.recipients)} {MailSink.bytes} {MailSink.last}"
            write_private(folder / "letters", told)
            await asyncio.wait([asyncio.ensure_future(stop.wait())], timeout=0.5)
        sink.close()


def _migrations(service: str) -> Path:
    return Path(__file__).parents[1] / "services" / service / "migrations"


async def _declare(nats_url: str) -> None:
    async def closed() -> None:
        return None

    settings = Settings(nats_url=nats_url, network=NETWORK)
    client = await connect(settings, "owner", closed)
    try:
        await apply(client, settings, CARDS.values())
    finally:
        await client.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
