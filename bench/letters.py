"""`letters`: a targeted letter of about 10 KiB to 20,000 readers, a row each, by one process of mailing and by two.

The letters go to the bench's own SMTP sink, which counts each address: postfix's `smtp-sink` cannot say that nobody got
it twice. The limit sends as many messages of the same size to the same sink by aiosmtplib on as many connections:
prepared once, an address put in for each, without a database. Both sign each letter with the same key (RSA, 2048 bits).
Where listmonk is at hand, it has a line for each of two settings, against our one process (`bench/listmonk.py`).
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from rich.console import Group, RenderableType
from rich.table import Table

from bench import listmonk
from bench.bare_letters import LANES
from bench.facts import must
from bench.house import House, last_words, stop
from bench.measure import Line, console, throughput, throughput_table
from bench.sizes import size_of
from shared.clock import new_id
from shared.embedded.ports import free_port

DOMAINS = LANES
"""A lane of the sender each, and a connection of the limit each."""
PATIENCE_SECONDS = 900
PARAGRAPH = (
    "Depuis douze ans, les comités d’usagers et la commune entretiennent ensemble les forages ; cette année, "
    "trois classes ont suivi les travaux de loin, et les ont racontés dans un journal à deux voix.\n\n"
)
TEXT = PARAGRAPH * 7


async def run(house: House) -> tuple[RenderableType, list[Line]]:
    """A campaign by one process, then one by two, each beside its limit."""
    size = size_of("letters")
    lines, told = [], []
    for processes in (1, 2):
        topic = f"bench-{processes}"
        await _subscribe(house, topic, size)
        before = house.mail()
        async with _extra(house, processes - 1):
            seconds = await _sent(house, topic, size)
        after = await _counted(house, before[0] + size)
        letters, addresses, octets = (now - then for now, then in zip(after, before, strict=True))
        must(letters == addresses == size, f"{size} readers, {letters} letters to {addresses} addresses")
        rows = await house.count(
            "mailing",
            "SELECT count(*) FROM outgoing WHERE state = 'sent' AND NOT perhaps_twice AND recipient LIKE '%' || $1",
            f".{topic}.example",
        )
        facts = await house.count(
            "mailing", "SELECT count(*) FROM journal WHERE contract = 'mailing.letter_accepted.v1'"
        )
        must(rows == size and facts == processes * size, f"{size} readers, {rows} rows sent, {facts} facts in all")
        house.pause()
        try:
            limit = await _bare(house, size, octets // size, f"bare-{processes}")
        finally:
            house.resume()
        lines.append(throughput("letters", "10 KiB", size, seconds, limit, house.rss_mib()))
        lines[-1] = _with_processes(lines[-1], processes)
        told.append(
            f"{processes}: {letters} letters to as many addresses, {octets // size} bytes each; {rows} rows sent"
        )
        console.print(f"  letters {processes}: {lines[-1].ours}/s of {lines[-1].limit}/s", style="dim")
    compared, sentences = await listmonk.beside(house, lines[0], size, octets // size, PARAGRAPH)
    lines, told = lines + compared, told + sentences
    table: Table = throughput_table("letters: to every reader of a topic, once", lines)
    return Group(table, *told), lines


def _with_processes(line: Line, processes: int) -> Line:
    return Line(*(processes if name == "clients" else getattr(line, name) for name in Line.__slots__))


async def _subscribe(house: House, topic: str, count: int) -> None:
    """As many readers of a group's letter, spread over as many domains as there are lanes."""
    columns = ("id", "person_key", "email", "status", "topics", "department", "proof_words", "confirmed_at")
    async with house.connection("mailing") as connection:
        moment = await connection.fetchval("SELECT now()")
    rows = [
        (
            new_id(),
            "p1" + hashlib.sha256(f"{topic} {number}".encode()).hexdigest(),
            f"camille.duverger{number}@poste{number % DOMAINS}.{topic}.example",
            "subscribed",
            [f"group:{topic}"],
            "24",
            "J’accepte de recevoir cette lettre.",
            moment,
        )
        for number in range(count)
    ]
    await house.copy("mailing", "subscriber", columns, rows)
    async with house.connection("mailing") as connection:
        await connection.execute("INSERT INTO known_group VALUES ($1, 1, $1, false, now())", topic)
        await connection.execute("ANALYZE subscriber")


@asynccontextmanager
async def _extra(house: House, count: int) -> AsyncIterator[None]:
    """As many processes of mailing more."""
    more = [await house.service("mailing", free_port()) for _ in range(count)]
    if more:
        await asyncio.sleep(5)  # they say that they live, and take part
    try:
        yield
    finally:
        for process in more:
            await stop(process)


async def _sent(house: House, topic: str, count: int) -> float:
    """Seconds from the first letter accepted to the last, by the commits that say so."""
    async with house.client("mailing") as client:
        body = {"kind": "targeted", "subject": f"La lettre {topic}", "text": TEXT, "topic": f"group:{topic}"}
        made = await client.post("/api/mailing/v1/campaigns", json=body, headers={"Idempotency-Key": str(uuid4())})
        must(made.status_code == 201, f"campaign: {made.status_code} {made.text[:300]}")
        campaign = made.json()["id"]
        approved = await client.post(f"/api/mailing/v1/campaigns/{campaign}/approval", json={})
        must(approved.status_code == 200, f"approval: {approved.status_code} {approved.text[:300]}")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = await house.rows("mailing", "SELECT status, accepted FROM campaign WHERE id = $1::text::uuid", campaign)
        if found[0]["status"] == "sent":
            must(found[0]["accepted"] == count, f"{count} readers, the campaign says {found[0]['accepted']}")
            break
        must(time.monotonic() < deadline, f"the letters have not left after {PATIENCE_SECONDS} s")
        await asyncio.sleep(0.2)
    return await house.spread(
        "mailing",
        "SELECT ended_at, count(*) FROM outgoing WHERE campaign_id = $1::text::uuid GROUP BY ended_at",
        campaign,
    )


async def _counted(house: House, wanted: int) -> tuple[int, int, int]:
    """What the sink says, once it has said all."""
    for _ in range(20):
        if house.letters() >= wanted:
            break
        await asyncio.sleep(0.2)
    return house.mail()


async def _bare(house: House, count: int, size: int, name: str) -> float:
    """Seconds for a loop that only sends; every letter of it reached the sink."""
    before = house.letters()
    words = (house.smtp, str(count), str(size), name)
    signing = {"MAILLAGE_DKIM_KEY": house.dkim_key}
    child = await house.child("-m", "bench.bare_letters", *words, log=name, environment=signing)
    code = await child.wait()
    must(code == 0, f"the limit ended with {code}: {last_words(house, name)}")
    found = (await _counted(house, before + count))[0] - before
    must(found == count, f"the limit sent {count}, {found} came")
    return float(last_words(house, name, 1))
