"""An open page follows its figures: what moves is sent within a second, what does not is not, and streams end."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import date

import httpx
import pytest

from services.embedded import House
from shared.db import Database
from tests.service.test_observatory_figures import gathering, hear, told


@pytest.fixture
def db(house: House) -> Database:
    return house.services["observatory"].db


@asynccontextmanager
async def reader(client: httpx.AsyncClient, address: str) -> AsyncIterator[AsyncIterator[str]]:
    async with client.stream("GET", address, timeout=30) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield answer.aiter_lines()


async def message(lines: AsyncIterator[str]) -> str:
    """The HTML of the next message."""
    html = []
    async for line in lines:
        if line.startswith("data: "):
            html.append(line[6:])
        elif html and not line:
            return "\n".join(html)
    raise AssertionError("the stream ended")


async def test_a_fact_moves_the_figure_of_an_open_page_within_a_second(client: httpx.AsyncClient, db: Database) -> None:
    page = await client.get("/observatoire?year=1950")
    address = page.text.split('data-live="')[1].split('"')[0].replace("&amp;", "&")
    async with reader(client, address) as lines:
        nothing_yet = asyncio.create_task(message(lines))
        await asyncio.sleep(0.6)
        assert not nothing_yet.done(), "what the page shows already is not sent again"
        posted = time.monotonic()
        await hear(db, [told(gathering(1950))])
        html = await asyncio.wait_for(nothing_yet, 1)
    assert time.monotonic() - posted < 1
    assert 'id="chiffre-gatherings"' in html and "<b>1</b>" in html
    assert 'id="chiffre-registrations"' not in html


async def test_a_reader_who_comes_back_gets_only_what_moved_meanwhile(client: httpx.AsyncClient, db: Database) -> None:
    async with reader(client, "/observatoire/flux?year=1951&seen=before") as lines:
        first = await asyncio.wait_for(message(lines), 2)
    assert 'id="part-odd"' in first
    await hear(db, [told(gathering(1951))])
    async with reader(client, "/observatoire/flux?year=1951&seen=before") as lines:
        assert "<b>1</b>" in await asyncio.wait_for(message(lines), 2)


async def test_many_readers_share_one_ear_on_the_database(client: httpx.AsyncClient, db: Database) -> None:
    async def listening() -> int:
        async with db.reading() as tx:
            return int(
                await tx.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"
                )
            )

    async def follow() -> str:
        async with reader(client, "/observatoire/flux?year=1952") as lines:
            await asyncio.wait_for(message(lines), 5)
            return await asyncio.wait_for(message(lines), 5)

    readers = [asyncio.create_task(follow()) for _ in range(8)]
    await asyncio.sleep(1)
    assert await listening() == 1
    await hear(db, [told(gathering(1952))])
    for html in await asyncio.gather(*readers):
        assert "<b>1</b>" in html


async def test_a_stream_ends_when_the_service_stops(client: httpx.AsyncClient, house: House) -> None:
    service = house.services["observatory"]
    async with reader(client, "/observatoire/flux?year=1953") as lines:
        await asyncio.wait_for(message(lines), 5)
        service.closing.set()
        try:
            with suppress(StopAsyncIteration):
                await asyncio.wait_for(_rest(lines), 3)
        finally:
            service.closing.clear()


async def _rest(lines: AsyncIterator[str]) -> None:
    async for _line in lines:
        pass


async def _key(staff: httpx.AsyncClient, **filters: object) -> tuple[str, str]:
    body = {"partner": "Agence de l’eau", "expires_on": f"{date.today().year + 1}-12-31"} | filters
    answer = await staff.post("/api/observatory/v1/dashboards", content=json.dumps(body))
    assert answer.status_code == 201, answer.text
    return answer.json()["key"], answer.json()["id"]
