"""The 191 of 2020 opens: its parts stand beside what the season's rows give, and each difference has its sentence."""

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from services.embedded import House
from services.examples.importing import Report
from services.examples.season import KINDS, SEASON
from services.observatory.commands import record_figure
from services.observatory.forms import RecordFigure
from shared.db import Database
from tests.service.test_observatory_figures import API

FIGURE = "animation.participants"


@pytest.fixture
def db(house: House) -> Database:
    return house.services["observatory"].db


def figure_rows() -> RecordFigure:
    """The published figure, as its file gives it."""
    (row,) = KINDS["figures"].read(SEASON / "figures.csv")
    return RecordFigure.model_validate(row.values)


async def published(db: Database) -> int:
    """How often the figure was told."""
    async with db.reading() as tx:
        count = "SELECT count(*) FROM journal WHERE contract = 'observatory.figure_published.v1' AND body LIKE $1"
        return int(await tx.fetchval(count, f"%{FIGURE}%"))


async def test_the_same_figure_again_changes_nothing_and_says_nothing(season: dict[str, Report], db: Database) -> None:
    async with db.transaction() as tx:
        assert await record_figure(figure_rows(), tx) == "unchanged"
    assert await published(db) == 1


async def test_the_191_opens_on_its_parts_and_leads_to_our_own_figure(
    season: dict[str, Report], client: httpx.AsyncClient
) -> None:
    figure = (await client.get(f"{API}/figures/{FIGURE}")).json()
    linked = [part for part in figure["parts"] if part["url"]]
    assert (figure["value"], len(linked), sum(part["value"] for part in linked)) == (191, 7, 181)
    (undated,) = [part for part in figure["parts"] if not part["url"]]
    assert (undated["value"], undated["ours"]) == (10, None)
    ours = (await client.get(f"{API}/indicators/participants?year=2020")).json()
    assert figure["ours"] == ours["value"] == 284
    assert [step["value"] for step in figure["differences"]] == [-10, -17, 120]
    assert figure["value"] + sum(step["value"] for step in figure["differences"]) == ours["value"]


async def test_its_page_links_each_part_and_stands_on_participants_of_2020(
    season: dict[str, Report], client: httpx.AsyncClient
) -> None:
    page = await client.get(f"/observatoire/chiffres/{FIGURE}")
    assert page.status_code == 200
    linked = [part["url"] for part in (await client.get(f"{API}/figures/{FIGURE}")).json()["parts"] if part["url"]]
    assert len(linked) == 7
    for url in linked:
        assert f'href="{httpx.URL(url).path}"' in page.text
        assert (await client.get(url)).status_code == 200
    assert "7 rencontres datées" in page.text and "181" in page.text
    indicator = (await client.get("/observatoire/participants?year=2020")).text
    assert f"/observatoire/chiffres/{FIGURE}" in indicator and "284 participants" in indicator
    other_year = (await client.get("/observatoire/participants?year=2019")).text
    assert f"/observatoire/chiffres/{FIGURE}" not in other_year


async def test_an_unknown_figure_is_a_page_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.get("/observatoire/chiffres/inconnu")
    assert answer.status_code == 404 and "Ce chiffre publié n’existe pas" in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"figure_id": "../x"},
        {"indicator": "inconnu"},
        {"value": "beaucoup"},
        {"value": "-1"},
        {"value": "nan"},
        {"year": "1492"},
        {"source": ""},
        {"label": "x" * 301},
        {"parts": [{"label": "Trop", "value": 192}]},
        {"parts": [{"label": "Sans valeur"}]},
        {"parts": [{"label": "Demain", "value": 1, "occurred_on": "demain"}]},
    ],
)
def test_a_wrong_figure_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RecordFigure.model_validate(figure_rows().model_dump() | change)
