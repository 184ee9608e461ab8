"""Every SQL literal is prepared against the schema it speaks to; a statement that is built is refused."""

import pytest

from services.embedded import House
from services.houses import CARDS
from tests.architecture.sources import ROOT, place, python_files
from tests.architecture.sql import Statement, statements_in

BUILT_FOR_A_REASON = {
    "shared/db.py",  # hands statements over
    "shared/migrate.py",  # runs the migration files themselves
    "shared/embedded/postgres.py",  # creates roles and databases, whose names cannot be parameters
}


def statements_of(service: str) -> list[Statement | str]:
    """Its own, those that every service runs on its database, and once those of shared and of the bus owner."""
    folders = [ROOT / "services" / service, ROOT / "services" / "erasing.py"]
    folders += [ROOT / "shared", ROOT / "services" / "purging.py"] if service == "registry" else []
    files = [file for file in python_files() if any(file.is_relative_to(folder) for folder in folders)]
    return [one for file in files if place(file) not in BUILT_FOR_A_REASON for one in statements_in(file)]


@pytest.mark.parametrize("service", sorted(CARDS))
def test_no_statement_is_built(service: str) -> None:
    assert [one for one in statements_of(service) if isinstance(one, str)] == []


@pytest.mark.parametrize("service", sorted(CARDS))
async def test_every_statement_is_understood_by_its_database(house: House, service: str) -> None:
    faults = []
    async with house.services[service].db.connection() as connection:
        for one in [one for one in statements_of(service) if isinstance(one, Statement)]:
            try:
                await connection.prepare(one.sql)
            except Exception as error:
                faults.append(f"{one.place}: {error}")
    assert faults == []
