"""Charts and maps are right, quoted and told in words."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from shared.reference import departments_of_region
from shared.web import charts, maps, outlines

CANARY = '"><img src=x onerror=alert(1)>'


def tree(html: Markup) -> ET.Element:
    return ET.fromstring(f"<div>{html}</div>")


def test_a_tick_that_a_narrow_page_shortens_is_still_told_apart() -> None:
    drawn = tree(charts.columns(["janv.", "2025", "2026"], charts.Series("Tout", [1, 2, 3]), None, "Inscriptions"))
    for hidden in drawn.findall(".//li/span/span"):
        hidden.text = ""
    assert ["".join(tick.itertext()) for tick in drawn.iter("li")] == ["j", "25", "26"]


def test_a_bar_chart_is_a_table_with_a_bar_a_row() -> None:
    drawn = tree(charts.bars([charts.sdg_bar(4, 517), charts.Bar("Gironde", 0)], "Acteurs", ("ODD", "Acteurs")))
    assert [cell.text for cell in drawn.iter("td") if cell.get("class") == "number"] == ["517", "0"]
    assert [rect.get("width") for rect in drawn.iter("rect")] == ["99.4", "0.0"]
    assert "sdg-4" in str(next(drawn.iter("rect")).get("class"))


def test_columns_carry_the_table_of_their_figures() -> None:
    now, before = charts.Series("2026", [31, None, 0]), charts.Series("2025", [22, 30, 41])
    drawn = tree(charts.columns(["janv.", "févr.", "mars"], now, before, "Référencements"))
    assert [cell.text for cell in drawn.iter("td")] == ["31", "22", "–", "30", "0", "41"]
    assert len([rect for rect in drawn.iter("rect") if rect.get("x")]) == 1


@given(st.floats(0, 1e9))
def test_a_scale_is_round_and_reaches_the_largest_value(largest: float) -> None:
    steps = charts.scale(largest)
    assert steps[0] == 0
    assert steps[-1] >= largest
    assert 2 <= len(steps) <= 6


@given(st.lists(st.integers(0, 500), min_size=1, max_size=40))
def test_classes_of_a_map_hold_every_value_in_order(values: list[int]) -> None:
    classes = maps.breaks(values)
    assert len(classes) <= maps.CLASSES
    assert all(low <= high for low, high in classes)
    assert all(one[1] < other[0] for one, other in pairwise(classes))
    for value in values:
        rank = maps.class_of(value, classes)
        assert rank == 0 if value == 0 else 1 <= rank <= 5
    ranks = [maps.class_of(value, classes) for value in sorted(values)]
    assert ranks == sorted(ranks)


@pytest.mark.parametrize("region", ["75", "53", "11"])
def test_every_department_of_a_region_is_on_its_map(region: str) -> None:
    paths, centres, frame = outlines.departments_of(region)
    assert set(paths) == set(centres) == {one.code for one in departments_of_region(region)}
    assert 100 < outlines.height_of(frame) < 1200


def test_a_department_says_its_name_its_figure_and_leads_to_its_list() -> None:
    drawn = tree(maps.departments_map({"33": 421}, {"33": "/annuaire?department=33"}, unit=lambda n: f"{n} acteurs"))
    link = next(drawn.iter("a"))
    assert link.get("href") == "/annuaire?department=33"
    assert link.get("aria-label") == "Gironde, 421 acteurs"


def test_the_map_of_the_regions_departments_stays_light() -> None:
    assert len(maps.departments_map({"33": 1})) < 12_000


def test_the_world_map_lists_what_its_circles_show() -> None:
    drawn = maps.world_map({"MA": 214, "SN": 187, "ZZ": 3, "FR": 0})
    assert "Maroc <b>214</b>, Sénégal <b>187</b>" in drawn
    assert str(drawn).count("<circle") == 4  # twice: the wide frame and the narrow one
    assert "Les frontières figurées n’engagent pas le réseau." in drawn


def test_no_country_crosses_the_map_from_one_edge_to_the_other() -> None:
    for code, path in outlines.world().items():
        widest = max(abs(int(step)) for part in path.split("l")[1:] for step in _steps(part)[::2])
        assert widest < 200, code


def _steps(part: str) -> list[str]:
    return part.split("z")[0].replace("-", " -").split()


def test_what_people_wrote_never_becomes_markup_in_a_figure() -> None:
    drawings = [
        charts.bars([charts.Bar(CANARY, 1, url=CANARY)], CANARY, (CANARY, CANARY)),
        charts.columns([CANARY], charts.Series(CANARY, [1]), charts.Series(CANARY, [2]), CANARY),
        charts.sparkline([1, 2], CANARY),
        maps.departments_map({"33": 1}, {"33": CANARY}, title=CANARY, places=[maps.Place(0, 45, 1, CANARY)]),
        maps.world_map({"MA": 1}, CANARY),
    ]
    assert not any("<img" in drawing for drawing in drawings)
    assert all(tree(drawing) is not None for drawing in drawings)
