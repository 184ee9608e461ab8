"""listmonk beside `letters`, where MAILLAGE_LISTMONK is the whole path of its binary, its files in it or beside it.

Its campaign is as long as ours, with each reader's name, a link to unsubscribe and the headers for it; it goes to the
same sink from the same PostgreSQL, by a process as willing to yield, while our services are held still. It signs
nothing and keeps no row a letter: ours does both, so its best is a limit rather than an equal.
"""

import asyncio
import json
import os
import quopri
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg
import psutil

from bench.bare_letters import LANES
from bench.house import House, last_words, stop
from bench.measure import NONE, Failed, Line, console
from services.alone import YIELDS
from shared.embedded.layout import write_private
from shared.embedded.ports import free_port

BINARY = "MAILLAGE_LISTMONK"
LEFT_OUT = f"listmonk was left out: {BINARY} does not say where its binary is."
PATIENCE_SECONDS = 900
FRAME_BYTES = 1_300
"""What a letter of one paragraph has around it: headers, boundaries, the template."""
TEMPLATE = """<!doctype html><html lang="fr"><meta charset="utf-8"><body>{{ template "content" . }}
<p><a href="{{ UnsubscribeURL }}">Ne plus recevoir cette lettre</a></p></body></html>"""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is changed of the settings that listmonk installs, and how many letters show it."""

    name: str
    changed: dict[str, int]
    connections: int | None
    """None: as installed."""
    at_most: int


SETTINGS = (
    Setting("default", {}, None, 2_000),  # ten letters a second for each of ten workers: they sleep the rest
    Setting("best", {"app.concurrency": 8, "app.message_rate": 1_000_000, "app.batch_size": 5_000}, 8, 20_000),
)
"""Best: as many connections as ours; of 2 to 32, on two busy cores, none was clearly better, 32 the slowest."""


async def beside(house: House, ours: Line, size: int, octets: int, paragraph: str) -> tuple[list[Line], list[str]]:
    """A line for each setting against our one process, and a sentence for each; one sentence alone without a binary."""
    if BINARY not in os.environ:
        return [], [LEFT_OUT]
    binary = Path(os.environ[BINARY])
    lines, told = [], []
    for setting in SETTINGS:
        count = min(size, setting.at_most)
        house.pause()
        try:
            rate, each, rss_mib = await _measured(house, binary, setting, count, _body(paragraph, octets))
        finally:
            house.resume()
        if abs(each / octets - 1) > 0.1:
            raise Failed(f"a letter of listmonk has {each} bytes, ours {octets}")
        ratio = round(ours.ours / rate, 3)
        lines.append(Line("letters", f"listmonk, {setting.name}", 1, ours.ours, round(rate, 1), ratio, *NONE, rss_mib))
        told.append(f"listmonk, {setting.name}: {count} letters to as many addresses, {each} bytes each, unsigned")
        console.print(f"  letters, listmonk {setting.name}: {rate:.1f}/s", style="dim")
    return lines, told


def _body(paragraph: str, octets: int) -> tuple[str, str]:
    """HTML and text that make a letter of so many bytes once both are encoded."""
    both = (f"<p>{paragraph.strip()}</p>\n", paragraph)
    times = (octets - FRAME_BYTES) // sum(len(quopri.encodestring(one.encode())) for one in both)
    html, text = (one * times for one in both)
    return f"<p>Bonjour {{{{ .Subscriber.Name }}}},</p>\n{html}", f"Bonjour {{{{ .Subscriber.Name }}}},\n\n{text}"


async def _measured(
    house: House, binary: Path, setting: Setting, count: int, body: tuple[str, str]
) -> tuple[float, int, float]:
    """Letters a second from the campaign's start to the last at the sink, bytes of one, MiB with the servers."""
    config = house.folder / "listmonk.toml"
    write_private(config, _config(house.databases["listmonk"]))
    await _installed(house, binary, config)
    async with house.connection("listmonk") as connection:
        await _set(connection, setting, house.smtp)
        await _subscribe(connection, setting.name, count)
        await _start(connection, body)
    before = house.mail()
    process = await _listmonk(house, binary, "--config", str(config))
    try:
        await _finished(house, process, before[0] + count + 1)
        rss_mib = house.rss_mib(services=False) + psutil.Process(process.pid).memory_full_info().pss / 2**20
    finally:
        await stop(process)
    letters, addresses, octets = (now - then for now, then in zip(house.mail(), before, strict=True))
    if not letters == addresses == count + 1:  # and one to the team, when all are on their way
        raise Failed(f"listmonk had {count} subscribers and a team: {letters} letters to {addresses} addresses")
    found = await house.rows("listmonk", "SELECT sent, extract(epoch FROM started_at) FROM campaigns")
    if len(found) != 1 or found[0][0] != count:
        raise Failed(f"listmonk says of its campaign: {found}")
    return count / (house.last_letter() - float(found[0][1])), octets // letters, round(rss_mib, 1)


def _config(database: str) -> str:
    url = urlsplit(database)
    return f"""[app]
address = "127.0.0.1:{free_port()}"

[db]
host = "{url.hostname}"
port = {url.port}
user = "{url.username}"
password = {json.dumps(unquote(url.password or ""))}
database = "{url.path[1:]}"
ssl_mode = "disable"
max_open = 25
max_idle = 25
max_lifetime = "300s"
"""


async def _listmonk(house: House, binary: Path, *words: str) -> asyncio.subprocess.Process:
    return await house.child("-m", "bench.listmonk", str(binary), *words, log="listmonk", environment={})


async def _installed(house: House, binary: Path, config: Path) -> None:
    """Its tables, made anew; what it installs as an example is taken away."""
    process = await _listmonk(house, binary, "--config", str(config), "--install", "--yes")
    if await process.wait() != 0:
        raise Failed(f"listmonk did not install:\n{last_words(house, 'listmonk')}")
    async with house.connection("listmonk") as connection:
        await connection.execute("TRUNCATE campaigns, subscribers, lists RESTART IDENTITY CASCADE")


async def _set(connection: asyncpg.Connection, setting: Setting, smtp: str) -> None:
    """The bench's sink without a password, nothing that goes elsewhere, and what the setting changes."""
    installed = await connection.fetchval("SELECT value FROM settings WHERE key = 'smtp'")
    server = json.loads(installed)[0]
    sink = urlsplit(smtp)
    server |= {"enabled": True, "host": sink.hostname, "port": sink.port}
    server |= {"auth_protocol": "none", "username": "", "password": "", "tls_enabled": False}
    if setting.connections:
        server["max_conns"] = setting.connections
    team = f"equipe@{setting.name}.example"
    changed = {"smtp": [server], "app.check_updates": False, "app.notify_emails": [team]} | setting.changed
    for key, value in changed.items():
        update = "UPDATE settings SET value = $2::jsonb WHERE key = $1"
        if await connection.execute(update, key, json.dumps(value)) != "UPDATE 1":
            raise Failed(f"listmonk has no setting {key}")


async def _subscribe(connection: asyncpg.Connection, name: str, count: int) -> None:
    """A list of readers, as many domains as ours."""
    await connection.execute("INSERT INTO lists (uuid, name, type) VALUES (gen_random_uuid(), 'La lettre', 'private')")
    await connection.execute(
        """INSERT INTO subscribers (uuid, email, name) SELECT gen_random_uuid(),
            format('camille.duverger%s@poste%s.listmonk-%s.example', number, number % $3::int, $1::text),
            'Camille Duverger' FROM generate_series(1, $2::int) AS number""",
        name,
        count,
        LANES,
    )
    await connection.execute("INSERT INTO subscriber_lists SELECT id, 1, 'confirmed' FROM subscribers")
    await connection.execute("ANALYZE subscribers, subscriber_lists")


async def _start(connection: asyncpg.Connection, body: tuple[str, str]) -> None:
    """A campaign that listmonk finds running, and takes up at its first look (5 s after its start)."""
    await connection.execute("UPDATE templates SET body = $1 WHERE is_default", TEMPLATE)
    await connection.execute(
        """INSERT INTO campaigns (uuid, name, subject, from_email, body, altbody, content_type, messenger, status)
        VALUES (gen_random_uuid(), 'La lettre', 'La lettre', 'Le réseau <lettre@reseau.example>', $1, $2, 'html',
            'email', 'running')""",
        *body,
    )
    await connection.execute("INSERT INTO campaign_lists VALUES (1, 1, 'La lettre')")


async def _finished(house: House, process: asyncio.subprocess.Process, wanted: int) -> None:
    """Once the sink has them all, and a second more, in which one sent twice would come."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while house.letters() < wanted:
        if process.returncode is not None or time.monotonic() > deadline:
            raise Failed(f"listmonk sent {house.letters()} of {wanted} letters:\n{last_words(house, 'listmonk')}")
        await asyncio.sleep(0.2)
    await asyncio.sleep(1.2)


if __name__ == "__main__":
    os.nice(YIELDS["mailing"])
    os.chdir(Path(sys.argv[1]).parent)  # where a binary without its files inside looks for them
    os.execv(sys.argv[1], sys.argv[1:])
