"""A sender that is paused, overtaken, stopped or refused itself: no letter leaves twice, none is lost."""

import asyncio
import time
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.embedded import House
from services.mailing.commands import sending
from services.mailing.commands.sending import Outgoing
from services.mailing.sender import Lane, Sending
from services.mailing.smtp import Connection
from shared.clock import new_id
from tests.conftest import eventually
from tests.service.test_mailing_sending import KIND, Server, in_state, queue, row, sending_to


async def claimed(house: House, number: int, worker: UUID, campaign: UUID | None = None) -> Outgoing:
    """A mail in the hands of that worker."""
    async with house.services["mailing"].db.transaction() as tx:
        found = await tx.fetchrow(
            """INSERT INTO outgoing (id, kind, priority, person_key, recipient, domain, words, state, worker)
               VALUES (gen_random_uuid(), $1, 0, 'p', $2, $3, $4, 'sending', $5) RETURNING *""",
            KIND,
            f"a@pris{number}.example",
            f"pris{number}.example",
            {"email": "a@pris.example", "person_key": "p", "sign_in_url": "https://a.example", "valid_minutes": 5},
            worker,
        )
    assert found
    return replace(Outgoing.of(found), campaign_id=campaign)


def in_lane(sender: Sending, letter: Outgoing) -> Lane:
    """A lane of that sender that was given this mail alone."""
    lane = sender.in_hand["0:x"] = Lane.of("0:x", [letter], sender.service.db)
    return lane


async def test_a_letter_taken_over_is_not_told_accepted_by_whoever_lost_it(house: House, number: int) -> None:
    mine, theirs, campaign = new_id(), new_id(), new_id()
    letter = await claimed(house, number, theirs, campaign)
    told = "SELECT count(*) FROM journal WHERE body::jsonb ->> 'letter_id' = $1"
    db = house.services["mailing"].db
    async with db.transaction() as tx:
        await sending.settle_sent(tx, mine, [(letter, None)])
    async with db.transaction() as tx:
        assert await tx.fetchval(told, str(letter.id)) == 0
        await sending.settle_sent(tx, theirs, [(letter, None)])
    async with db.transaction() as tx:
        await sending.settle_sent(tx, theirs, [(letter, None)])
    async with db.reading() as tx:
        assert await tx.fetchval(told, str(letter.id)) == 1


async def test_a_sender_that_was_paused_sends_nothing_it_may_have_lost(house: House, number: int) -> None:
    server = Server()
    async with sending_to(house, server) as paused:
        letter = await claimed(house, number, paused.worker)
        await paused.beat()
        paused.heard_at -= sending.DEAD_SECONDS
        await paused._lane(in_lane(paused, letter))
        assert server.received == []
        await eventually(in_state(house, letter.recipient, "sent"))
    assert server.count(letter.recipient) == 1


async def test_stopping_waits_for_no_server_and_loses_nothing(house: House, number: int) -> None:
    server, domain = Server(), f"pris{number}.example"
    server.hanging.add(domain)
    async with sending_to(house, server) as stopped:
        await stopped.beat()
        letter = await claimed(house, number, stopped.worker)
        lane_open = stopped.lanes["0:x"] = asyncio.create_task(stopped._lane(in_lane(stopped, letter)))
        await asyncio.sleep(0.5)
        assert not lane_open.done()
        began = time.monotonic()
        await stopped._drain()
        assert time.monotonic() - began < 4 and lane_open.done()
        server.hanging.clear()
        found = await eventually(in_state(house, letter.recipient, "sent"), 15)
    assert found["perhaps_twice"] and server.count(letter.recipient) == 1


async def test_a_server_that_refuses_our_own_address_refuses_no_reader(house: House, number: int) -> None:
    server, domain = Server(), f"expediteur{number}.example"
    server.sender_answer = "550 5.7.1 sender not allowed"
    async with sending_to(house, server):
        await queue(house, f"a@{domain}")

        async def tried() -> Any:
            found = await row(house, f"a@{domain}")
            return found if found["attempts"] == 1 else None

        found = await eventually(tried)
        assert (found["state"], found["reason"]) == ("queued", "550 5.7.1")
        server.sender_answer = "250 OK"
        async with house.services["mailing"].db.transaction() as tx:
            await tx.execute("UPDATE outgoing SET next_at = now() WHERE recipient = $1", f"a@{domain}")
        await eventually(in_state(house, f"a@{domain}", "sent"))


async def test_a_connection_closed_meanwhile_is_opened_again_at_no_cost(house: House, number: int) -> None:
    server = Server()
    async with sending_to(house, server), Connection(house.services["mailing"].settings) as connection:
        message = b"Message-ID: <1@a.example>\r\n\r\nBonjour\r\n"
        assert (await connection.send(f"a@ferme{number}.example", message)).kind == "accepted"
        server.sender_answer = "421 4.4.2 idle too long"
        server.answers_once = True
        assert (await connection.send(f"b@ferme{number}.example", message)).kind == "accepted"
    assert len(server.received) == 2 and server.connections == 2
