"""`figure`: from the commit of a registration to the figure that counts it, at 50/s and flat out.

Both moments are PostgreSQL's own (`pg_xact_commit_timestamp`): the registration's row in the events database, the
fact's row in the observatory's, which the figure is counted from. The limit is a bare relay: journal, publish, pull.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from rich.console import Group, RenderableType
from rich.table import Table

from bench import checks
from bench.bare_relay import BareRelay, bare_relay
from bench.house import House
from bench.load import Slice, flat_out, paced
from bench.measure import Failed, Line
from bench.registrations import open_gatherings, posts

PER_SECOND = 50
PACED_SECONDS = 8.0
FLAT_SECONDS = 4.0
FLAT_CLIENTS = 16
GATHERINGS = 20


async def run(house: House) -> tuple[RenderableType, list[Line]]:
    """Latencies in milliseconds: `ours` and `limit` are p99, `ratio` is limit over ours."""
    opened = await open_gatherings(house, GATHERINGS)
    next_request = posts([f"/api/events/v1/gatherings/{one}/registrations" for one, _ in opened], False)
    port = house.ports["events"]
    lines, accepted = [], 0
    async with bare_relay(house) as relay:
        for case, clients, ours, limit in (
            ("50/s", PER_SECOND, lambda: paced(port, next_request, PER_SECOND, PACED_SECONDS), paced_commits),
            ("flat out", FLAT_CLIENTS, lambda: flat_out(port, next_request, FLAT_CLIENTS, FLAT_SECONDS), flat_commits),
        ):
            posted, delays = await _ours(house, ours)
            accepted += posted.statuses[201]
            house.pause()
            try:
                bare = await _theirs(relay, limit)
            finally:
                house.resume()
            lines.append(_line(case, clients, delays, bare, house.rss_mib()))
    rows = await house.count("events", "SELECT count(*) FROM registration WHERE status = 'confirmed'")
    seen = await checks.followed(house, "registrations", "events.registration_confirmed.v1", rows)
    return Group(_table(lines), f"{accepted} accepted here, {rows} rows in all", seen), lines


async def _ours(house: House, load: Callable[[], Awaitable[Slice]]) -> tuple[Slice, list[float]]:
    """Post, wait until every row is counted, and read how long each took."""
    known = {row["id"] for row in await house.rows("events", "SELECT id FROM registration")}
    posted = await load()
    if set(posted.statuses) != {201}:
        raise Failed(f"figure: the product answered {dict(posted.statuses)}: {posted.refused}")
    committed = {
        row["id"]: row["at"]
        for row in await house.rows("events", "SELECT id, pg_xact_commit_timestamp(xmin) AS at FROM registration")
        if row["id"] not in known
    }
    if len(committed) != posted.statuses[201]:
        raise Failed(f"figure: {posted.statuses[201]} accepted, {len(committed)} rows")
    counted = await _counted(house, set(committed))
    return posted, sorted((counted[one] - at).total_seconds() for one, at in committed.items())


async def _counted(house: House, wanted: set[UUID]) -> dict[UUID, datetime]:
    """When the observatory counted each; Failed when one is missing after a minute."""
    found: dict[UUID, datetime] = {}
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        rows = await house.rows(
            "observatory",
            """SELECT aggregate_id, pg_xact_commit_timestamp(xmin) AS at FROM fact
               WHERE aggregate = 'registration' AND aggregate_id = ANY($1::uuid[])""",
            list(wanted),
        )
        found = {row["aggregate_id"]: row["at"] for row in rows}
        if len(found) == len(wanted):
            return found
        await asyncio.sleep(0.5)
    raise Failed(f"figure: {len(wanted) - len(found)} of {len(wanted)} registrations are not counted after a minute")


async def _theirs(relay: BareRelay, commits: Callable[[BareRelay], Awaitable[int]]) -> list[float]:
    relay.latencies.clear()
    wanted = await commits(relay)
    for _ in range(600):
        if len(relay.latencies) >= wanted:
            break
        await asyncio.sleep(0.05)
    else:
        raise Failed(f"figure: the bare relay brought {len(relay.latencies)} of {wanted}")
    return sorted(relay.latencies)


async def paced_commits(relay: BareRelay) -> int:
    """50 commits a second."""
    started = time.perf_counter()
    wanted = int(PER_SECOND * PACED_SECONDS)
    for number in range(wanted):
        await asyncio.sleep(max(0.0, started + number / PER_SECOND - time.perf_counter()))
        await relay.commit()
    return wanted


async def flat_commits(relay: BareRelay) -> int:
    """Commits one after the other."""
    until, wanted = time.perf_counter() + FLAT_SECONDS, 0
    while time.perf_counter() < until:
        await relay.commit()
        wanted += 1
    return wanted


def _line(case: str, clients: int, ours: list[float], limit: list[float], rss_mib: float) -> Line:
    p99 = percentile(ours, 99), percentile(limit, 99)
    return Line(
        "figure",
        case,
        clients,
        p99[0],
        p99[1],
        round(p99[1] / p99[0], 3),
        percentile(ours, 50),
        percentile(ours, 95),
        p99[0],
        round(rss_mib, 1),
    )


def percentile(ordered: list[float], percent: float) -> float:
    """In milliseconds, of seconds already in order."""
    return round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))], 1)


def _table(lines: list[Line]) -> Table:
    table = Table(title="figure: commit of a registration to the figure that counts it, ms", title_justify="left")
    for name in ("case", "p50", "p95", "p99", "limit p99", "ratio", "whole MiB"):
        table.add_column(name, justify="left" if name == "case" else "right")
    for line in lines:
        figures = (line.p50_ms, line.p95_ms, line.p99_ms, line.limit, line.ratio, line.rss_mib)
        table.add_row(line.case, *(f"{one:g}" for one in figures))
    return table
