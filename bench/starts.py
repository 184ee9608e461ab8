"""`start` and `memory`: from the command to ready with a data folder that exists; what the whole takes, idle and after.

`start` runs `maillage run`, the embedded mode, as people do, on a folder it has run on before; its limit is the two
servers alone, PostgreSQL and NATS, on a folder of their own. `memory` weighs the four processes apart, with theirs.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import httpx
from rich.console import Group, RenderableType
from rich.table import Table

from bench.facts import must
from bench.house import House, stop
from bench.load import flat_out
from bench.measure import NONE, Line, console
from bench.registrations import open_gatherings, posts
from bench.sizes import short
from shared.embedded.nats import NatsUser
from shared.embedded.ports import free_port
from shared.embedded.system import EmbeddedSystem
from shared.settings import SERVICES

ROUNDS = 1 if short() else 3
PATIENCE_SECONDS = 180
LOAD_SECONDS = 1.0 if short() else 15.0
LOAD_CLIENTS = 16


async def start(house: House) -> tuple[RenderableType, list[Line]]:
    """Seconds: `ours` and `limit` are the median of the warm starts, `ratio` is limit over ours."""
    house.pause()
    try:
        with tempfile.TemporaryDirectory(prefix="maillage-start-") as folder:
            whole, servers = Path(folder) / "whole", Path(folder) / "servers"
            servers.mkdir(mode=0o700)
            first = await _started(house, whole)
            await _servers(servers)
            ours, limit = [], []
            for _ in range(ROUNDS):
                ours.append(await _started(house, whole))
                limit.append(await _servers(servers))
    finally:
        house.resume()
    median = sorted(ours)[ROUNDS // 2], sorted(limit)[ROUNDS // 2]
    ratio = round(median[1] / median[0], 3)
    line = Line("start", "warm", 1, round(median[0], 2), round(median[1], 2), ratio, *NONE, round(house.rss_mib(), 1))
    table = Table("case", "s", title="start: `maillage run` to ready", title_justify="left")
    table.add_row("first, databases made", f"{first:.1f}")
    table.add_row(f"warm, median of {ROUNDS}", f"{median[0]:.1f}")
    table.add_row("the two servers alone, warm", f"{median[1]:.1f}")
    return Group(table, "ready = 200 of the four services at the gateway"), [line]


async def _started(house: House, data: Path) -> float:
    """Seconds from the command until all four say that they are ready."""
    port = free_port()
    environment = {"MAILLAGE_DATA": str(data), "MAILLAGE_EXAMPLES": "false", "HOME": str(data.parent)}
    started = time.perf_counter()
    child = await house.child(str(house.command), "run", "--port", str(port), log="start", environment=environment)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            for name in SERVICES:
                while True:
                    must(child.returncode is None, f"maillage run ended with {child.returncode}")
                    must(time.perf_counter() - started < PATIENCE_SECONDS, f"{name} is not ready")
                    try:
                        if (await client.get(f"/{name}/health/ready")).status_code == 200:
                            break
                    except httpx.TransportError:
                        pass
                    await asyncio.sleep(0.02)
        return time.perf_counter() - started
    finally:
        await stop(child)


async def _servers(data: Path) -> float:
    """Seconds for PostgreSQL and NATS alone."""
    started = time.perf_counter()
    async with EmbeddedSystem(data, nats_users=[NatsUser("bench")], databases=("registry",)):
        return time.perf_counter() - started


async def memory(house: House) -> tuple[RenderableType, list[Line]]:
    """MiB: `ours` is the whole, `limit` its two servers alone, `ratio` is limit over ours."""
    opened = await open_gatherings(house, 1)
    await asyncio.sleep(2)
    lines = [_weighed(house, "idle", 0)]
    next_request = posts([f"/api/events/v1/gatherings/{one}/registrations" for one, _slug in opened], False)
    posted = await flat_out(house.ports["events"], next_request, LOAD_CLIENTS, LOAD_SECONDS)
    must(set(posted.statuses) == {201}, f"memory: {dict(posted.statuses)} {posted.refused}")
    lines.append(_weighed(house, "after registrations", LOAD_CLIENTS))
    rows = await house.count("events", "SELECT count(*) FROM registration")
    must(rows == posted.statuses[201], f"{posted.statuses[201]} accepted, {rows} rows")
    table = Table("case", "whole MiB", "servers MiB", title="memory: shared pages counted once", title_justify="left")
    for line in lines:
        table.add_row(line.case, f"{line.ours:g}", f"{line.limit:g}")
        console.print(f"  memory {line.case}: {line.ours} MiB", style="dim")
    return Group(table, f"{rows} registrations between the two"), lines


def _weighed(house: House, case: str, clients: int) -> Line:
    whole, servers = round(house.rss_mib(), 1), round(house.rss_mib(services=False), 1)
    return Line("memory", case, clients, whole, servers, round(servers / whole, 3), *NONE, whole)
