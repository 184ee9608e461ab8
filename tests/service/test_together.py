"""Forms that arrive together are committed together, and answered each for itself."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.embedded import House
from shared.db import Answer, Row, Tx
from shared.errors import Refusal
from shared.web.together import Taking, Together
from tests.service.test_events_places import published, register, training


async def transactions_of(house: House, gathering: dict[str, Any]) -> list[int]:
    async with house.services["events"].db.reading() as tx:
        rows = await tx.fetch(
            "SELECT xmin::text::bigint AS wrote FROM registration WHERE gathering_id = $1", UUID(gathering["id"])
        )
    return [row["wrote"] for row in rows]


async def test_a_crowd_is_written_in_fewer_transactions_than_people(
    house: House, client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    gathering = await published(staff, training(number, capacity=100))
    answers = await asyncio.gather(*(register(client, gathering, f"Foule {one:02}") for one in range(40)))
    assert {answer.status_code for answer in answers} == {201}
    wrote = await transactions_of(house, gathering)
    assert len(wrote) == 40 and len(set(wrote)) < 20


async def test_each_form_keeps_its_own_story(
    house: House, client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int
) -> None:
    gathering = await published(staff, training(number, capacity=100))
    answers = await asyncio.gather(*(register(client, gathering, f"Histoire {one:02}") for one in range(12)))
    stories = {answer.headers["x-correlation-id"] for answer in answers}
    async with house.services["events"].db.reading() as tx:
        rows = await tx.fetch(
            """SELECT correlation_id, count(*) AS facts FROM journal
               WHERE body LIKE $1 AND contract LIKE '%regist%' GROUP BY 1""",
            f"%{gathering['id']}%",
        )
    assert {str(row["correlation_id"]): row["facts"] for row in rows} == dict.fromkeys(stories, 2)


async def test_nobody_is_refused_for_another(client: httpx.AsyncClient, staff: httpx.AsyncClient, number: int) -> None:
    open_one = await published(staff, training(number, capacity=100))
    closed = await published(staff, training(number + 1_000))
    await staff.post(f"/api/events/v1/gatherings/{closed['id']}/cancellation", json={"reason": "Salle fermée"})
    there = [register(client, open_one, f"Ouverte {one}") for one in range(10)]
    nowhere = [register(client, closed, f"Close {one}") for one in range(3)]
    statuses = [answer.status_code for answer in await asyncio.gather(*there, *nowhere)]
    assert statuses == [201] * 10 + [409] * 3


async def test_what_a_refused_form_had_written_is_undone_and_the_others_stay(house: House) -> None:
    db = house.services["events"].db
    together, scopes = Together(db), [uuid4().bytes for _ in range(5)]

    def work(index: int) -> Any:
        async def write(_tx: Tx, _row: Row) -> Answer:
            if index == 2:
                raise Refusal("non")
            return Answer(201, {"index": index})

        return write

    keep = "INSERT INTO answer (scope, status, body) VALUES ($1, 201, '{}') RETURNING scope"
    takings = [Taking("", keep, (scope,)) for scope in scopes]
    works = (together.do(taking, work(index)) for index, taking in enumerate(takings))
    answers = await asyncio.gather(*works, return_exceptions=True)
    assert [one.body["index"] if isinstance(one, Answer) else str(one) for one in answers] == [0, 1, "non", 3, 4]
    async with db.reading() as tx:
        kept = await tx.fetch("SELECT scope FROM answer WHERE scope = ANY($1)", scopes)
    assert {row["scope"] for row in kept} == {scope for index, scope in enumerate(scopes) if index != 2}


async def test_a_row_that_somebody_holds_delays_its_own_form_and_no_other(house: House) -> None:
    db = house.services["events"].db
    together, held = Together(db), uuid4().bytes
    async with db.transaction() as other:
        await other.execute("INSERT INTO answer (scope, status, body) VALUES ($1, 201, '{}')", held)

        keep = """WITH kept AS (INSERT INTO answer (scope, status, body) VALUES ($1, 201, '{}') ON CONFLICT DO NOTHING)
                  SELECT 1"""

        async def answer(_tx: Tx, _row: Row) -> Answer:
            return Answer(201, {})

        waits = asyncio.create_task(together.do(Taking("1", keep, (held,)), answer))
        free = [asyncio.create_task(together.do(Taking("0", keep, (uuid4().bytes,)), answer)) for _ in range(5)]
        async with asyncio.timeout(20):
            await asyncio.gather(*free)
        assert not waits.done()
    assert (await waits).status == 201
