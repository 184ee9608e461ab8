"""A house of its own for what attackers try: nothing else moves in it, and everything in it holds a canary."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.embedded import House
from tests.conftest import Mailbox, anybody, bearer, standing
from tests.security.settled import Settled, settle


@pytest.fixture(scope="package")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with standing(tmp_path_factory.mktemp("security")) as here:
        yield here


@pytest.fixture(scope="package")
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with anybody(house) as made:
        yield made


@pytest.fixture(scope="package")
async def staff(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with anybody(house) as made:
        made.headers["Authorization"] = bearer(house, "staff")
        yield made


@pytest.fixture(scope="package")
def mailbox(client: httpx.AsyncClient) -> Mailbox:
    return Mailbox(client)


@pytest.fixture(scope="package")
async def settled(house: House, client: httpx.AsyncClient, staff: httpx.AsyncClient, mailbox: Mailbox) -> Settled:
    """One of each thing, written by somebody who means harm."""
    return await settle(house, client, staff, mailbox)
