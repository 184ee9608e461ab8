"""Real servers for every test that wants them: one embedded system a session, on loopback, in a folder of its own."""

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import hypothesis
import pytest

from services.embedded import House
from services.embedded import house as enter_house
from services.gateway import Gateway
from services.serving import serve
from shared.settings import Settings
from shared.web.session import Role, new_session

hypothesis.settings.register_profile("loaded", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("loaded")  # a machine that does other things too is slow, and no fault of ours

Found = TypeVar("Found")
_numbers = itertools.count(1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def eventually(look: Callable[[], Awaitable[Found | None]], seconds: float = 10) -> Found:
    """What `look` finds, once it finds something; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        if found := await look():
            return found
        ended = time.monotonic()
        assert ended < deadline, f"nothing found in {seconds} s by {look}"
        await asyncio.sleep(max(0.05, ended - began))  # who looks all the time holds up what is looked for


class Mailbox:
    """The caught mail, as a person would look for it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def to(self, address: str) -> list[dict[str, Any]]:
        answer = await self.client.get("/courrier/api/messages", params={"to": address})
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def first(self, address: str, about: str = "", seconds: float = 10) -> dict[str, Any]:
        """The newest message to `address` whose subject holds `about`, once it is there."""

        async def look() -> dict[str, Any] | None:
            return next((one for one in await self.to(address) if about.lower() in one["subject"].lower()), None)

        return await eventually(look, seconds)


@asynccontextmanager
async def standing(folder: Path, **changes: Any) -> AsyncIterator[House]:
    """The four services and their servers in `folder`, without examples, answering on one port; other settings too."""
    port = free_port()
    settings = Settings(data=folder, examples=False, demo=False, public_url=f"http://127.0.0.1:{port}", **changes)
    async with enter_house(settings) as here:
        stop = asyncio.Event()
        gateway = Gateway(
            {name: service.asgi for name, service in here.services.items()}, {"/courrier": here.system.mailbox_app}
        )
        serving = asyncio.create_task(serve(gateway, "127.0.0.1", port, stop))
        async with anybody(here) as client:

            async def live() -> bool:
                try:
                    return (await client.get("/registry/health/live")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(live, 20)
        yield here
        for service in here.services.values():
            service.closing.set()
        stop.set()
        await serving


def anybody(house: House) -> httpx.AsyncClient:
    """Anybody, from a browser without cookies."""
    return httpx.AsyncClient(base_url=house.settings.public_url, timeout=20)


def bearer(house: House, role: Role) -> str:
    """The API token of somebody with this role, as the header says it."""
    return "Bearer " + house.services["registry"].signer.session(new_session(role), "api-token")


@pytest.fixture(scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The house most tests share: each looks only at what it made itself."""
    async with standing(tmp_path_factory.mktemp("maillage")) as here:
        yield here


@pytest.fixture(scope="session")
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with anybody(house) as made:
        yield made


@pytest.fixture(scope="session")
async def staff(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """The team, by API token."""
    async with anybody(house) as made:
        made.headers["Authorization"] = bearer(house, "staff")
        yield made


@pytest.fixture(scope="session")
def mailbox(client: httpx.AsyncClient) -> Mailbox:
    return Mailbox(client)


@pytest.fixture
def number() -> int:
    """A number no other test has."""
    return next(_numbers)
