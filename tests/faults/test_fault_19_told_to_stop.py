"""A service told to stop (SIGTERM) under load, beside another process of it; and with every server hung."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx

from services.houses import CARDS
from tests.e2e.apart import Apart, ServiceProcess
from tests.faults.ledger import Ledger
from tests.faults.report import Account
from tests.faults.servers import hung

DRAINED_SECONDS = 20
CLIENTS = 12
LOAD_SECONDS = 1.0


@dataclass
class Crowd:
    """Clients behind a gateway that turns to whoever says `ready`, and to the other where a connection is refused."""

    ledger: Ledger
    processes: list[ServiceProcess]
    ready: list[ServiceProcess] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    """Connections refused at the door: nothing was sent, the other process takes it."""
    broken: list[str] = field(default_factory=list)
    """Requests that were taken and never answered."""

    @asynccontextmanager
    async def coming(self) -> AsyncIterator[None]:
        """They come for as long as the body lasts; each request has a connection of its own."""
        self.ready = list(self.processes)
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(timeout=20, limits=limits) as client:
            watch = asyncio.create_task(self._watch(client))
            people = [asyncio.create_task(self._come(client, f"Personne {n:02}", watch)) for n in range(CLIENTS)]
            try:
                yield
            finally:
                watch.cancel()
                await asyncio.gather(*people)

    async def _watch(self, client: httpx.AsyncClient) -> None:
        while True:
            for process in self.processes:
                with suppress(httpx.TransportError):
                    answer = await client.get(f"{process.url}/events/health/ready")
                    others = [one for one in self.ready if one is not process]
                    self.ready = [*others, process] if answer.status_code == 200 else others
            await asyncio.sleep(0.2)

    async def _come(self, client: httpx.AsyncClient, name: str, watch: "asyncio.Task[None]") -> None:
        path = f"/api/events/v1/gatherings/{self.ledger.gathering}"
        number = 0
        while not watch.done():
            number += 1
            one = f"{name} {number:05}"
            address = f"{one.lower().replace(' ', '.')}@{self.ledger.domain}"
            answer = await self._ask(client, "POST", f"{path}/registrations", {"name": one, "email": address})
            if answer is not None and answer.status_code == 201:
                self.ledger.told[address] = str(answer.json()["status"])
            for _ in range(5):
                await self._ask(client, "GET", path)
                await asyncio.sleep(0.02)

    async def _ask(
        self, client: httpx.AsyncClient, method: str, path: str, body: dict[str, str] | None = None
    ) -> httpx.Response | None:
        headers = {"Idempotency-Key": str(uuid4())}
        for process in sorted(self.processes, key=lambda one: one not in self.ready):
            try:
                answer = await client.request(method, process.url + path, json=body, headers=headers)
            except httpx.ConnectError:
                self.refused += 1
            except httpx.TransportError as error:
                self.broken.append(f"{method}: {error!r}")
            else:
                self.answers[answer.status_code] += 1
                return answer
        return None


async def test_fault_19_a_service_told_to_stop_answers_what_it_took(town: Apart, account: Account, long: bool) -> None:
    stops = 5 if long else 1
    took: list[float] = []
    ledger = await Ledger.opened(town, "Réunion pendant l’arrêt")
    leaving = await town.another("events")
    crowd = Crowd(ledger, [leaving, town.services["events"]])
    try:
        async with crowd.coming():
            for _ in range(stops):
                await asyncio.sleep(LOAD_SECONDS)
                began = time.monotonic()
                assert await leaving.stop(DRAINED_SECONDS) == 0, leaving.last_words()
                took.append(time.monotonic() - began)
                await leaving.start()
                await leaving.until_ready()
        assert set(crowd.answers) <= {200, 201}, crowd.answers
        assert not crowd.broken, crowd.broken[:5]
        account.did(f"SIGTERM {stops} times to one of two processes of the events service, under {CLIENTS} clients.")
        account.figure("answers 200 and 201; 5xx; taken and never answered", f"{crowd.answers.total()}; 0; 0")
        account.figure("drained after (s)", ", ".join(f"{one:.1f}" for one in took) + f" (at most {DRAINED_SECONDS})")
        account.control(await _killed_instead(ledger, leaving, town))
    finally:
        if leaving.alive:
            await leaving.stop()
    level = await ledger.level()
    account.figure("told 201 and lost; level again (s)", f"0; {level:.1f}")
    account.limit(
        "the gateway must ask `ready` more often than every two seconds, or try again where a connection is "
        "closed: one opened at the very moment of the end has nobody to read it."
    )


async def _killed_instead(ledger: Ledger, leaving: ServiceProcess, town: Apart) -> str:
    """The control: the guard is the drain; a process that is killed instead leaves requests without an answer."""
    crowd = Crowd(ledger, [leaving, town.services["events"]])
    async with crowd.coming():
        await asyncio.sleep(LOAD_SECONDS)
        await leaving.kill()
    assert crowd.broken, "the judge must see what was never answered"
    return f"killed instead of told: {len(crowd.broken)} requests were taken and never answered, and it was seen."


async def test_fault_19_a_service_ends_in_time_although_every_server_hangs(
    town: Apart, account: Account, long: bool
) -> None:
    assert town.system.postgres is not None and town.system.postgres.process is not None
    assert town.system.nats is not None and town.system.nats.process is not None
    ledger = await Ledger.opened(town, "Réunion des serveurs figés")
    names = ("events", *(CARDS if long else ()))
    leaving = await asyncio.gather(*(town.another(name) for name in names))
    await ledger.register("Awa Lacoste", base=leaving[0].url)
    took = []
    with hung(*_family(town.system.postgres.process.pid), town.system.nats.process.pid):
        waiting = asyncio.create_task(_ask_in_vain(ledger, leaving[0]))
        await asyncio.sleep(0.5)
        began = time.monotonic()
        for done in asyncio.as_completed([process.stop(DRAINED_SECONDS) for process in leaving]):
            assert await done == 0, [process.last_words() for process in leaving]
            took.append(time.monotonic() - began)
    await waiting
    await ledger.level()
    account.did(f"SIGTERM to a process each of {', '.join(names)} while PostgreSQL and NATS both hang.")
    account.figure("ended without PostgreSQL and NATS after (s)", ", ".join(f"{one:.1f}" for one in took))


async def _ask_in_vain(ledger: Ledger, process: ServiceProcess) -> None:
    """A request that cannot be answered any more."""
    path = f"{process.url}/api/events/v1/gatherings/{ledger.gathering}/registrations"
    with suppress(httpx.TransportError):
        await ledger.town.client.post(path, json={"name": "Bao Lacoste", "email": f"bao@{ledger.domain}"})


def _family(pid: int) -> list[int]:
    """A process and its children."""
    found = [pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if parent == pid:
                found.append(int(stat.parent.name))
    return found
