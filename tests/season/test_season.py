"""The season of 2020 imported: everything once, each bad row told, no mail; and the fictional one goes away."""

from datetime import date
from pathlib import Path

import httpx
import pytest

from bench.workbook import write_workbook
from services.embedded import House
from services.examples import demonstration
from services.examples.demonstration import Houses
from services.examples.importing import Report, UnreadableFile
from services.examples.loading import until_level
from services.examples.season import KINDS
from shared.db import Database
from tests.season.conftest import databases_of, import_season


def test_every_row_of_the_season_is_accepted(season: dict[str, Report]) -> None:
    assert {key: report.faults for key, report in season.items()} == {key: [] for key in KINDS}
    assert season["organisations"].done.total() > 40
    assert season["gatherings"].done.total() == 29


async def test_a_second_run_changes_nothing(house: House, season: dict[str, Report]) -> None:
    journals = {name: await said_by(db) for name, db in databases_of(house).items()}
    again = await import_season(house)
    assert all(set(report.done) == {"unchanged"} for report in again.values())
    assert {name: await said_by(db) for name, db in databases_of(house).items()} == journals


async def said_by(db: Database) -> int:
    async with db.reading() as tx:
        return int(await tx.fetchval("SELECT count(*) FROM journal WHERE contract NOT LIKE '%access_revoked%'"))


async def test_the_191_of_2020_opens_on_its_parts(client: httpx.AsyncClient, season: dict[str, Report]) -> None:
    figures = (await client.get("/api/observatory/v1/figures")).json()["items"]
    known = next(one for one in figures if one["value"] == 191)
    published = (await client.get(f"/api/observatory/v1/figures/{known['figure_id']}")).json()
    assert sum(part["value"] for part in published["parts"]) == 191
    assert sum(part["value"] for part in published["parts"] if part.get("occurred_on")) == 181


async def test_an_unknown_stays_unknown(client: httpx.AsyncClient, season: dict[str, Report]) -> None:
    items = (await client.get("/api/registry/v1/organisations", params={"q": "Soltena"})).json()["items"]
    assert items[0]["commune_code"] is None
    page = (await client.get(f"/annuaire/{items[0]['slug']}")).text
    assert "non renseigné" in page
    assert "Rapport d’activité 2020" in page


async def test_importing_sends_no_mail(house: House, season: dict[str, Report]) -> None:
    async with house.services["mailing"].db.reading() as tx:
        assert await tx.fetchval("SELECT count(*) FROM journal WHERE contract LIKE 'registry.%'") == 0
    async with house.services["registry"].db.reading() as tx:
        assert await tx.fetchval("SELECT count(*) FROM journal WHERE stream = 'PEOPLE' AND body LIKE '%2020%'") == 0


async def test_bad_rows_are_told_and_good_ones_kept(house: House, tmp_path: Path, number: int) -> None:
    file = tmp_path / "organisations.csv"
    file.write_text(
        "name,status,source,occurred_on,siren,college\n"
        f"Bonne ligne {number},published,Un document,2020-12-31,,associations\n"
        f"Mauvais numéro {number},published,Un document,2020-12-31,732829321,\n"
        f"Mauvais collège {number},published,Un document,2020-12-31,,ONG\n"
        ",published,Un document,2020-12-31,,\n"
    )
    kind = KINDS["organisations"]
    report = await kind.load(databases_of(house)[kind.service], kind.read(file))
    assert report.done == {"recorded": 1}
    assert [fault.split(",")[0] for fault in report.faults] == ["ligne 3", "ligne 4", "ligne 5"]
    assert "SIREN" in report.faults[0]


async def test_a_workbook_gives_the_same_rows_and_sentences_as_its_csv(
    house: House, tmp_path: Path, number: int
) -> None:
    file = tmp_path / "organisations.xlsx"
    header = ["name", "status", "source", "occurred_on", "siren", "college", "sdgs"]
    same = ["published", "Un classeur", date(2020, 12, 31)]
    write_workbook(
        file,
        [
            header,
            [f"Classeur {number}", *same, 732829320, "associations", "4;6"],
            [],
            [f"Classeur au mauvais numéro {number}", *same, 732829321.0, "", 4],
            [f"Classeur sans jour {number}", "published", "Un classeur", "", "", "", ""],
        ],
    )
    kind = KINDS["organisations"]
    rows = kind.read(file)
    assert rows[0].line == 2
    assert rows[0].values["occurred_on"] == "2020-12-31"
    assert (rows[0].values["siren"], rows[0].values["sdgs"]) == ("732829320", ["4", "6"])
    report = await kind.load(databases_of(house)[kind.service], rows)
    assert report.done == {"recorded": 1}
    assert [fault.split(",")[0] for fault in report.faults] == ["ligne 4", "ligne 5"]
    assert "SIREN" in report.faults[0]
    assert (await kind.load(databases_of(house)[kind.service], rows[:1])).done == {"unchanged": 1}


async def test_a_row_refused_by_a_rule_leaves_its_neighbours(house: House, tmp_path: Path, number: int) -> None:
    file = tmp_path / "organisations.csv"
    rna = f"W{240000000 + number:09}"
    file.write_text(
        "name,status,source,occurred_on,rna\n"
        f"Première {number},published,Un document,2020-12-31,{rna}\n"
        f"Au même numéro {number},published,Un document,2020-12-31,{rna}\n"
        f"Voisine {number},published,Un document,2020-12-31,\n"
    )
    kind = KINDS["organisations"]
    report = await kind.load(databases_of(house)[kind.service], kind.read(file))
    assert report.done == {"recorded": 2}
    (fault,) = report.faults
    assert fault.startswith("ligne 3") and "numéro" in fault


@pytest.mark.parametrize("content", [b"nothing", b"PK\x03\x04 cut short", b""])
def test_a_file_that_is_no_workbook_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.xlsx"
    file.write_bytes(content)
    with pytest.raises(UnreadableFile, match="classeur lisible"):
        KINDS["organisations"].read(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xff\xfe\x00bad", "UTF-8"), (b"nom;statut\nA;B\n", "Il manque"), (b'name,status,source\n"open', "CSV")],
)
def test_a_file_that_is_no_table_is_refused_in_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    with pytest.raises(UnreadableFile, match=words):
        KINDS["organisations"].read(file)


async def test_the_fictional_season_comes_and_goes(house: House, client: httpx.AsyncClient) -> None:
    databases = databases_of(house)
    before = await figures(client, databases)
    settings = {name: service.settings for name, service in house.services.items()}
    await demonstration.load(Houses(settings, databases), lambda: None)
    during = await figures(client, databases)
    assert during["organisations"] == before["organisations"] + 52
    assert during["subscribers"] == before["subscribers"] + 200
    page = await client.get("/annuaire")
    assert "Données de démonstration" in page.text
    await demonstration.remove(databases)
    assert await figures(client, databases) == before
    assert "Données de démonstration" not in (await client.get("/annuaire")).text


async def figures(client: httpx.AsyncClient, databases: dict[str, Database]) -> dict[str, int]:
    await until_level(databases)
    items = (await client.get("/api/observatory/v1/indicators")).json()["items"]
    return {one["id"]: one["value"] for one in items}
