"""The ledger: what each client was told, held against the databases, the figures and the mail that arrived."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.mailing.sender import ABREAST
from shared.clock import PARIS
from tests.e2e.apart import Apart
from tests.faults.mail_server import MailServer
from tests.faults.report import LONG

RETRIED = (502, 503)
IN_FLIGHT = ABREAST
"""Mails of one domain that a sender has at the mail server at once: as many may arrive twice where it is killed."""
LEVEL_SECONDS = 240 if LONG else 60
"""Far more than it takes: the figures of the run say how long it did take."""


async def open_gathering(town: Apart, title: str, **changes: Any) -> UUID:
    """A meeting of next month, in the agenda."""
    start = datetime.now(PARIS).replace(hour=14, minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(days=30)
    asked = {
        "title": title,
        "kind": "meeting",
        "mode": "in_person",
        "place": "Salle des Tilleuls, Poitiers",
        "sessions": [{"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=3)).isoformat()}],
    }
    draft = await town.staff.post("/api/events/v1/gatherings", json=asked | changes)
    assert draft.status_code == 201, draft.text
    answer = await town.staff.post(f"/api/events/v1/gatherings/{draft.json()['id']}/publication")
    assert answer.status_code == 200, answer.text
    return UUID(draft.json()["id"])


async def figure(town: Apart, indicator: str) -> int:
    """A figure as the API gives it to anybody, all time."""
    answer = await town.client.get(f"/api/observatory/v1/indicators/{indicator}")
    answer.raise_for_status()
    return int(answer.json()["value"])


@dataclass
class Ledger:
    """Everything that clients of one gathering were told, and how long they waited."""

    town: Apart
    gathering: UUID
    domain: str
    before: int
    """The figure when the ledger was opened."""
    told: dict[str, str] = field(default_factory=dict)
    """Address to the status of the first 2xx."""
    said: dict[str, set[str]] = field(default_factory=dict)
    """Address to every status it was told: one and the same, whatever was sent twice."""
    answers: Counter[int] = field(default_factory=Counter)
    """Every answer by status; 0 is a connection that broke."""
    without_retry_after: int = 0
    """Answers 503 that did not say when to come back."""
    slowest: float = 0.0
    posts: int = 0
    mail_server: MailServer | None = None
    """Where mail goes instead of to the demonstration mailbox, which takes longer over a mail than whoever sends it."""
    clients: tuple[httpx.AsyncClient, ...] = ()
    """For a crowd: one client alone has a hundred connections, and is slow to hand them to hundreds who wait."""

    @classmethod
    async def opened(cls, town: Apart, title: str, **changes: Any) -> "Ledger":
        """A new gathering, its own mail domain, and the figure as it stands."""
        gathering = await open_gathering(town, title, **changes)
        return cls(town, gathering, f"{gathering.hex[-12:]}.example", await figure(town, "registrations"))

    async def register(
        self, name: str, seconds: float = 40, key: str | None = None, base: str = "", **more: str
    ) -> str:
        """Register as a person who presses again, with the same key, until told; AssertionError after `seconds`.

        `base` is one process's own address; without one, the gateway's.
        """
        address = f"{name.lower().replace(' ', '.')}@{self.domain}"
        key, deadline = key or str(uuid4()), time.monotonic() + seconds
        while True:
            status, body = await self._post({"name": name, "email": address, **more}, key, base)
            if status == 201:
                self.said.setdefault(address, set()).add(str(body["status"]))
                return self.told.setdefault(address, str(body["status"]))
            assert status in (0, *RETRIED), f"told {status}: {body}"
            assert time.monotonic() < deadline, f"{name} was told nothing in {seconds} s"
            await asyncio.sleep(0.2)

    async def _post(self, body: dict[str, str], key: str, base: str) -> tuple[int, Any]:
        path = f"{base}/api/events/v1/gatherings/{self.gathering}/registrations"
        client = self.clients[hash(body["email"]) % len(self.clients)] if self.clients else self.town.client
        started = time.perf_counter()
        try:
            answer = await client.post(path, json=body, headers={"Idempotency-Key": key})
            status, told = answer.status_code, answer.json() if answer.content else None
            self.without_retry_after += status == 503 and "retry-after" not in answer.headers
        except httpx.TransportError as error:
            status, told = 0, type(error).__name__
        self.posts += 1
        self.answers[status] += 1
        if status == 201:
            self.slowest = max(self.slowest, time.perf_counter() - started)
        return status, told

    @asynccontextmanager
    async def crowd(self, names: str, pause: float = 0.05) -> AsyncIterator[None]:
        """People come one after the other, for as long as the body lasts."""
        going = True

        async def come() -> None:
            for number in itertools.count():
                if not going:
                    return
                await self.register(f"{names} {number:04}")
                await asyncio.sleep(pause)

        coming = asyncio.create_task(come())
        try:
            yield
        finally:
            going = False
            await coming

    async def come(self, people: int, clients: int) -> None:
        """So many people register, by so many clients at once, at the events service itself."""
        numbers, base = iter(range(people)), self.town.services["events"].url

        async def client() -> None:
            for number in numbers:
                await self.register(f"Personne {number:05}", base=base)

        await asyncio.gather(*(client() for _ in range(clients)))

    async def rows(self) -> list[Any]:
        """The registrations that the database really holds."""
        return await self.town.rows(
            "events",
            """SELECT r.id, r.status, r.queue_number, r.version, p.email FROM registration r JOIN person p
               ON p.id = r.person_id WHERE r.gathering_id = $1 ORDER BY r.id""",
            self.gathering,
        )

    def mail(self) -> Counter[str]:
        """How many mails each address of this gathering got."""
        if self.mail_server:
            return self.mail_server.received()
        return Counter(to for one in self.town.system.mailbox.find(f"@{self.domain}") for to in one.recipients)

    async def faults(self, *, mails_again: int = 0) -> list[str]:
        """What differs between what clients were told and what is; empty when nothing was lost, nothing doubled.

        `mails_again` is how many mails may be there twice, where a sender was killed with them in its hands.
        """
        rows = Counter((row["email"], row["status"]) for row in await self.rows())
        told = Counter(self.told.items())
        found = [f"told, and not in the database: {one}" for one in told - rows]
        found += [f"in the database, and told to nobody: {one}" for one in rows - told]
        due = self.before + sum(status == "confirmed" for status in self.told.values())
        shown = await figure(self.town, "registrations")
        found += [f"the figure is {shown}, not {due}"] if shown != due else []
        got = self.mail()
        found += [f"{to} got no mail" for to in self.told if not got[to]]
        again = [to for to in self.told if got[to] > 1]
        return found + [f"{to} got {got[to]} mails" for to in again[mails_again:]]

    async def mailed_twice(self) -> int:
        """How many addresses got a mail twice; AssertionError if one of these mails was not flagged beforehand."""
        twice = {to for to, mails in self.mail().items() if mails > 1}
        flagged = await self.town.rows("mailing", "SELECT recipient FROM outgoing WHERE perhaps_twice")
        assert twice <= {row["recipient"] for row in flagged}, "what may have left twice says so"
        return len(twice)

    async def level(self, seconds: float = LEVEL_SECONDS, **expected: int) -> float:
        """Wait until nothing differs; the seconds it took, or AssertionError with what still differs."""
        started = time.monotonic()
        while True:
            began = time.monotonic()
            found = await self.faults(**expected)
            ended = time.monotonic()
            if not found:
                return ended - started
            assert ended < started + seconds, f"after {seconds} s, {len(found)} differences: {found[:5]}"
            await asyncio.sleep(max(0.05, 4 * (ended - began)))  # a judge that always looks holds up who is judged
