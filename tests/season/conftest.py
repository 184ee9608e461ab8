"""The season of 2020 in a house of its own: these tests look at whole figures, which any other test would move."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.embedded import House
from services.examples.importing import Report
from services.examples.loading import until_level
from services.examples.season import KINDS, SEASON
from shared.db import Database
from tests.conftest import anybody, standing


def databases_of(house: House) -> dict[str, Database]:
    return {name: service.db for name, service in house.services.items()}


async def import_season(house: House) -> dict[str, Report]:
    databases = databases_of(house)
    return {
        key: await kind.load(databases[kind.service], kind.read(SEASON / f"{key}.csv")) for key, kind in KINDS.items()
    }


@pytest.fixture(scope="package")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with standing(tmp_path_factory.mktemp("season")) as here:
        yield here


@pytest.fixture(scope="package")
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with anybody(house) as made:
        yield made


@pytest.fixture(scope="package")
async def season(house: House) -> dict[str, Report]:
    """The season, imported as `maillage import` does, and shown by the figures."""
    report = await import_season(house)
    await until_level(databases_of(house))
    return report
