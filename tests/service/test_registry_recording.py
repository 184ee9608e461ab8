"""Organisations of a file recorded together: each bad row told, each address its own, the later row the newer."""

from typing import Any

from services.embedded import House
from services.examples.importing import Report, Row
from services.examples.season import KINDS
from shared.db import Row as Kept


async def imported(house: House, *rows: dict[str, Any]) -> Report:
    """The rows of a file, from its line 2."""
    told = {"status": "published", "source": "Rapport d’essai", "occurred_on": "2020-12-31"}
    lines = [Row(line, told | row) for line, row in enumerate(rows, 2)]
    return await KINDS["organisations"].load(house.services["registry"].db, lines)


async def kept(house: House, beginning: str) -> list[Kept]:
    """What the registry holds of names that begin so, each with how many facts were said of it."""
    async with house.services["registry"].db.reading() as tx:
        return await tx.fetch(
            """SELECT slug, version, description, (
                   SELECT count(*) FROM journal WHERE body::jsonb ->> 'organisation_id' = organisation.id::text
               ) AS facts
               FROM organisation WHERE starts_with(name, $1) ORDER BY slug""",
            beginning,
        )


async def test_a_row_refused_by_the_database_is_told_and_its_neighbours_are_kept(house: House, number: int) -> None:
    rna = f"W24{number % 10_000_000:07}"
    rows = [{"name": f"Voisine {number} {place}"} for place in range(9)]
    rows[3]["rna"] = rows[6]["rna"] = rna
    report = await imported(house, *rows)
    assert report.done == {"recorded": 8}
    assert [fault.partition("\u00a0")[0] for fault in report.faults] == ["ligne 8"]
    assert [row["facts"] for row in await kept(house, f"Voisine {number} ")] == [1] * 8
    again = await imported(house, *rows)
    assert again.done == {"unchanged": 8}
    assert again.faults == report.faults


async def test_names_that_read_alike_have_addresses_of_their_own(house: House, number: int) -> None:
    rows = [{"name": f"Homonyme {number}", "source": f"Rapport {place}"} for place in range(3)]
    assert (await imported(house, *rows)).done == {"recorded": 3}
    assert (await imported(house, {"name": f"Homonyme {number}", "source": "Un autre"})).done == {"recorded": 1}
    first = f"homonyme-{number}"
    assert [row["slug"] for row in await kept(house, f"Homonyme {number}")] == [
        first,
        *(f"{first}-{n}" for n in (2, 3, 4)),
    ]


async def test_a_row_told_twice_in_a_file_is_as_its_later_line_says(house: House, number: int) -> None:
    name = f"Deux fois {number}"
    report = await imported(house, {"name": name, "description": "Avant"}, {"name": name, "description": "Après"})
    assert report.done == {"recorded": 1, "corrected": 1}
    found = await kept(house, name)
    assert [(row["version"], row["description"], row["facts"]) for row in found] == [(2, "Après", 2)]
    async with house.services["registry"].db.reading() as tx:
        said = await tx.fetch(
            "SELECT contract, body FROM journal WHERE body LIKE $1 ORDER BY contract", f'%"name":"{name}"%'
        )
    assert [row["contract"] for row in said] == [
        "registry.organisation_published.v1",
        "registry.organisation_updated.v1",
    ]
