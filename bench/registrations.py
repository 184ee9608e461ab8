"""`registrations`: a place by API and by form, one hot gathering and 200 gatherings told apart."""

import asyncio
import itertools
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid4

import asyncpg
import httpx
from rich.console import Group, RenderableType

from bench import checks
from bench.house import House
from bench.load import NextRequest, form_post, json_post
from bench.measure import Case, Failed, Line, Target, limit_app, measure_all, table_of

SPREAD = 200
AT_ONCE = 8

_people = itertools.count()


async def run(house: House) -> tuple[RenderableType, list[Line]]:
    """Measure, then check places, rows, facts and figures."""
    before = await house.count("events", "SELECT count(*) FROM registration")
    gatherings = await open_gatherings(house, SPREAD + 1)
    hot, spread = gatherings[:1], gatherings[1:]
    theirs = await _limit_gatherings(house, SPREAD + 1)
    api, html = "/api/events/v1/gatherings/{0}/registrations", "/agenda/{1}/inscription"
    async with limit_app(house, "registrations", "limit_events") as port:

        def case(name: str, path: str, ours: list[tuple[UUID, str]], limit: list[tuple[UUID, str]]) -> Case:
            by_form = path is html
            bare = "/html/{0}" if by_form else "/api/{0}"
            status = 303 if by_form else 201
            return Case(
                "registrations",
                name,
                Target(house.ports["events"], posts([path.format(*one) for one in ours], by_form), status),
                Target(port, posts([bare.format(*one) for one in limit], by_form), status),
            )

        cases = [
            case("hot", api, hot, theirs[:1]),
            case("200", api, spread, theirs[1:]),
            case("html", html, spread, theirs[1:]),
        ]
        measured = await measure_all(house, cases)
    shown = table_of(f"registrations: one hot gathering; {SPREAD} gatherings, by API and by form", measured)
    return Group(shown, *await _checked(house, before + sum(one.ours.accepted for one in cases))), [
        one.line for one in measured
    ]


def posts(paths: list[str], by_form: bool) -> NextRequest:
    """Another person each time, the paths in turn."""
    turn = itertools.cycle(paths)

    def next_request() -> bytes:
        number = next(_people)
        person = {
            "name": f"Camille Duverger {number}",
            "email": f"camille.duverger{number}@puits-partage.example",
            "organisation": "Puits et Partage en Périgord",
            "department": "24",
        }
        if by_form:
            return form_post(next(turn), urlencode(person | {"_key": str(uuid4())}).encode())
        return json_post(next(turn), json.dumps(person).encode())

    return next_request


async def open_gatherings(house: House, count: int, capacity: int = 100_000) -> list[tuple[UUID, str]]:
    """Published webinars with places for all, by the API; id and slug of each."""
    gate = asyncio.Semaphore(AT_ONCE)
    async with house.client("events") as client:

        async def one(number: int) -> tuple[UUID, str]:
            async with gate:
                return await _open(client, number, capacity)

        return list(await asyncio.gather(*(one(number) for number in range(count))))


async def _open(client: httpx.AsyncClient, number: int, capacity: int) -> tuple[UUID, str]:
    starts = datetime.now(UTC) + timedelta(days=30, hours=number % 200)
    body = {
        "title": f"Webinaire de mesure {number} {uuid4().hex[:6]}",
        "kind": "webinar",
        "mode": "online",
        "online_url": "https://visio.example/mesure",
        "sessions": [{"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=2)).isoformat()}],
        "capacity": capacity,
    }
    made = await client.post("/api/events/v1/gatherings", json=body)
    if made.status_code != 201:
        raise Failed(f"gathering: {made.status_code} {made.text[:300]}")
    published = await client.post(f"/api/events/v1/gatherings/{made.json()['id']}/publication")
    if published.status_code >= 300:
        raise Failed(f"publication: {published.status_code} {published.text[:300]}")
    return UUID(made.json()["id"]), made.json()["slug"]


async def _limit_gatherings(house: House, count: int) -> list[tuple[UUID, str]]:
    """The same number of gatherings in the limit's own database."""
    connection = await asyncpg.connect(house.databases["limit_events"])
    try:
        made = [(uuid4(), f"limite-{number}") for number in range(count)]
        await connection.executemany(
            """INSERT INTO gathering
                   (id, slug, status, title, kind, first_day, starts_at, ends_at, capacity, created_by)
               VALUES ($1, $2, 'published', $2, 'webinar', current_date, now(), now() + interval '30 days', 100000,
                   'bench')""",
            made,
        )
    finally:
        await connection.close()
    return made


async def _checked(house: House, accepted: int) -> list[str]:
    """Every yes is a place taken, a row, a person; every row is a fact on the stream and counts in the figure."""
    rows = await house.count("events", "SELECT count(*) FROM registration WHERE status = 'confirmed'")
    places = await house.count("events", "SELECT sum(confirmed_count) FROM gathering")
    people = await house.count("events", "SELECT count(*) FROM person")
    if not accepted == rows == places == people:
        raise Failed(f"{accepted} accepted, {rows} registrations, {places} places taken, {people} people")
    seen = await checks.followed(house, "registrations", "events.registration_confirmed.v1", rows)
    return [f"{accepted} accepted = {rows} rows = {places} places taken = {people} people", seen]
