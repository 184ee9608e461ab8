"""What a mail server may do: refuse, ask to come back, hang, close; and a sender that dies."""

import asyncio
import email
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import Envelope

from services.embedded import House
from services.mailing.commands import queue_mail, sending
from services.mailing.sender import ABREAST, Sending
from shared.clock import new_id
from shared.contracts.registry import SignInLinkAsked
from tests.conftest import eventually, free_port

KIND = SignInLinkAsked.contract()


class Server:
    """A mail server whose temper is set by domain: 250, a refusal, or a coroutine that hangs."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str]] = []
        self.tempers: dict[str, str] = {}
        self.connections = 0
        self.hanging: set[str] = set()
        self.sender_answer = "250 OK"
        self.answers_once = False

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]) -> str:
        answer = self.sender_answer
        if self.answers_once:
            self.sender_answer = "250 OK"
        if answer.startswith("250"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]) -> str:
        answer = self.tempers.get(address.partition("@")[2], "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        address = envelope.rcpt_tos[0]
        if address.partition("@")[2] in self.hanging:
            await asyncio.sleep(3600)
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append((address, str(email.message_from_bytes(content)["Message-ID"])))
        return "250 OK"

    def count(self, address: str) -> int:
        return [one for one, _id in self.received].count(address)


@asynccontextmanager
async def sending_to(house: House, server: Server) -> AsyncIterator[Sending]:
    """The house's queue, handed to a sender of our own that speaks to `server`; the house's own one sleeps."""
    service = house.services["mailing"]
    port = free_port()
    controller = UnthreadedController(server, "127.0.0.1", port, loop=asyncio.get_running_loop())
    listening = await asyncio.get_running_loop().create_server(controller.factory, "127.0.0.1", port)
    former = service.settings.smtp_url
    object.__setattr__(service.settings, "smtp_url", f"smtp://127.0.0.1:{port}")
    try:
        yield Sending(service)
    finally:
        object.__setattr__(service.settings, "smtp_url", former)
        listening.close()


async def queue(house: House, address: str) -> None:
    words = {"email": address, "person_key": "p", "sign_in_url": "https://a.example/c", "valid_minutes": 5}
    async with house.services["mailing"].db.transaction() as tx:
        await queue_mail(tx, KIND, {"email": address, "person_key": "p", "lang": "fr"}, words, new_id())


async def row(house: House, address: str) -> Any:
    async with house.services["mailing"].db.reading() as tx:
        return await tx.fetchrow("SELECT * FROM outgoing WHERE recipient = $1", address)


def in_state(house: House, address: str, state: str) -> Callable[[], Awaitable[Any]]:
    async def look() -> Any:
        found = await row(house, address)
        return found if found["state"] == state else None

    return look


async def test_a_refusal_for_good_is_not_tried_again(house: House, number: int) -> None:
    server = Server()
    server.tempers[f"refus{number}.example"] = "550 5.1.1 no such user"
    async with sending_to(house, server):
        address = f"a@refus{number}.example"
        await queue(house, address)
        found = await eventually(in_state(house, address, "failed"))
    assert (found["attempts"], found["reason"], found["words"]) == (0, "550 5.1.1", None)


async def test_a_greylist_is_waited_for(house: House, number: int) -> None:
    server, domain = Server(), f"gris{number}.example"
    server.tempers[domain] = "451 4.7.1 come back later"
    async with sending_to(house, server):
        await queue(house, f"a@{domain}")

        async def tried() -> Any:
            found = await row(house, f"a@{domain}")
            return found if found["attempts"] == 1 else None

        waiting = await eventually(tried)
        assert waiting["state"] == "queued" and waiting["reason"] == "451 4.7.1"
        del server.tempers[domain]
        async with house.services["mailing"].db.transaction() as tx:
            await tx.execute("UPDATE outgoing SET next_at = now() WHERE recipient = $1", f"a@{domain}")
        await eventually(in_state(house, f"a@{domain}", "sent"))
    assert server.count(f"a@{domain}") == 1


async def test_two_days_of_later_is_a_refusal(house: House, number: int) -> None:
    server, domain = Server(), f"jamais{number}.example"
    server.tempers[domain] = "451 4.7.1 come back later"
    async with sending_to(house, server):
        async with house.services["mailing"].db.transaction() as tx:
            await tx.execute(
                """INSERT INTO outgoing (id, kind, priority, person_key, recipient, domain, words, created_at)
                   SELECT gen_random_uuid(), kind, 0, 'p', $1, $2, $3, now() - interval '49 hours'
                   FROM (VALUES ($4)) AS v(kind)""",
                f"a@{domain}",
                domain,
                {"email": f"a@{domain}", "person_key": "p", "sign_in_url": "https://a.example", "valid_minutes": 5},
                KIND,
            )
        found = await eventually(in_state(house, f"a@{domain}", "failed"))
    assert found["reason"] == "451 4.7.1"


async def test_a_domain_that_hangs_holds_up_nobody_else(house: House, number: int) -> None:
    server, slow, quick = Server(), f"lent{number}.example", f"vif{number}.example"
    server.hanging.add(slow)
    async with sending_to(house, server):
        for index in range(3):
            await queue(house, f"a{index}@{slow}")
        await asyncio.sleep(0.5)
        for index in range(30):
            await queue(house, f"a{index}@{quick}")
        for index in range(30):
            await eventually(in_state(house, f"a{index}@{quick}", "sent"), 5)
        assert (await row(house, f"a0@{slow}"))["state"] in ("sending", "queued")
        for task in asyncio.all_tasks():
            if task.get_name() == "lane 0":
                task.cancel()
        async with house.services["mailing"].db.transaction() as tx:
            await tx.execute("UPDATE outgoing SET state = 'skipped', worker = NULL WHERE domain = $1", slow)


async def test_several_mails_share_a_connection(house: House, number: int) -> None:
    server, domain = Server(), f"ensemble{number}.example"
    async with sending_to(house, server):
        async with house.services["mailing"].db.transaction() as tx:
            for index in range(15):
                address = f"a{index}@{domain}"
                words = {"email": address, "person_key": "p", "sign_in_url": "https://a.example", "valid_minutes": 5}
                await queue_mail(tx, KIND, {"email": address, "person_key": "p", "lang": "fr"}, words, new_id())
        for index in range(15):
            await eventually(in_state(house, f"a{index}@{domain}", "sent"))
    assert len(server.received) == 15 and server.connections <= ABREAST


async def test_what_a_dead_sender_held_leaves_again_flagged_with_the_same_id(house: House, number: int) -> None:
    server, address = Server(), f"a@mort{number}.example"
    async with sending_to(house, server):
        dead = new_id()
        async with house.services["mailing"].db.transaction() as tx:
            outgoing_id: UUID = await tx.fetchval(
                """INSERT INTO outgoing (id, kind, priority, person_key, recipient, domain, words, state, worker)
                   VALUES (gen_random_uuid(), $1, 0, 'p', $2, $3, $4, 'sending', $5) RETURNING id""",
                KIND,
                address,
                address.partition("@")[2],
                {"email": address, "person_key": "p", "sign_in_url": "https://a.example", "valid_minutes": 5},
                dead,
            )
        found = await eventually(in_state(house, address, "sent"))
    assert found["perhaps_twice"]
    assert server.received == [(address, f"<{outgoing_id}@maillage.example>")]


async def test_what_a_living_sender_holds_is_left_alone(house: House, number: int) -> None:
    service = house.services["mailing"]
    address, worker = f"a@vivant{number}.example", new_id()
    async with service.db.transaction() as tx:
        await sending.beat(tx, worker)
        await tx.execute(
            """INSERT INTO outgoing (id, kind, priority, person_key, recipient, domain, state, worker)
               VALUES (gen_random_uuid(), $1, 0, 'p', $2, 'x', 'sending', $3)""",
            KIND,
            address,
            worker,
        )
        await sending.beat(tx, new_id())
        assert await tx.fetchval("SELECT worker FROM outgoing WHERE recipient = $1", address) == worker
        await tx.execute("DELETE FROM outgoing WHERE recipient = $1", address)


async def test_two_senders_never_send_one_mail_twice(house: House, number: int) -> None:
    server, domain = Server(), f"deux{number}.example"
    async with sending_to(house, server) as other:
        running = asyncio.create_task(other.run())
        try:
            for index in range(40):
                await queue(house, f"a{index}@{domain}")
            for index in range(40):
                await eventually(in_state(house, f"a{index}@{domain}", "sent"))
        finally:
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
    assert sorted(address for address, _id in server.received) == sorted(f"a{index}@{domain}" for index in range(40))


async def test_a_server_that_is_away_costs_no_mail(house: House, number: int) -> None:
    address = f"a@absent{number}.example"
    service = house.services["mailing"]
    former = service.settings.smtp_url
    object.__setattr__(service.settings, "smtp_url", f"smtp://127.0.0.1:{free_port()}")
    try:
        await queue(house, address)

        async def tried() -> Any:
            found = await row(house, address)
            return found if found["attempts"] else None

        assert (await eventually(tried))["state"] == "queued"
    finally:
        object.__setattr__(service.settings, "smtp_url", former)
    await eventually(in_state(house, address, "sent"), 15)
