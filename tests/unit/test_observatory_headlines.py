"""Headlines state what the figures say, never more: ties are told, small numbers are not made to speak."""

from pathlib import Path

import pytest

from services.observatory import headlines
from services.observatory.domain import Page, Part, Slice, UnknownCursor, compared
from services.observatory.indicators import INDICATORS
from services.observatory.keys import key_from, new_seed
from shared.web.i18n import catalogue, language, register_locale, typography_faults

register_locale(Path(headlines.__file__).parent / "locale")


def lines(**values: int) -> list[Slice]:
    return [Slice(None if key == "unknown" else key.lstrip("_"), key, value) for key, value in values.items()]


def test_the_leading_goal_is_named_with_how_many_answered() -> None:
    found = lines(_4=22, _6=9, unknown=37)
    assert headlines.of_sdgs(found, 89) == "«\u202fÉducation de qualité\u202f» en tête des objectifs visés"
    said = headlines.sentence_of_sdgs(found, 89)
    assert said == "22 acteurs sur les 52 qui ont nommé au moins un objectif visent l’ODD 4."


def test_a_tie_is_told_as_a_tie() -> None:
    two = headlines.of_sdgs(lines(_4=12, _6=12, _1=3), 27)
    assert two.endswith("à égalité") and "Éducation de qualité" in two
    assert headlines.of_sdgs(lines(_4=6, _6=6, _1=6), 18) == "3 objectifs à égalité en tête"
    assert headlines.of_departments(lines(_33=8, _17=8, _86=2), 18) == "Gironde et Charente-Maritime à égalité en tête"
    assert headlines.of_months(lines(**{"_2026-01": 6, "_2026-02": 6}), 2026) == "12 demandes, sans mois dominant"


@pytest.mark.parametrize("values", [{}, {"_4": 9}, {"_4": 5, "unknown": 300}])
def test_fewer_than_ten_answers_make_no_tendency(values: dict[str, int]) -> None:
    total = sum(values.values())
    assert headlines.of_sdgs(lines(**values), total) == headlines.TOO_FEW
    assert headlines.of_departments(lines(**values), total) == headlines.TOO_FEW


def test_a_department_with_more_than_half_is_said_so() -> None:
    assert headlines.of_departments(lines(_33=11, _86=9), 20) == "Gironde réunit plus de la moitié des acteurs"
    assert headlines.of_departments(lines(_33=10, _86=6, _17=4), 20) == "Gironde en tête, avec 10 acteurs sur 20"


def test_the_busiest_month_is_named_without_its_year_where_the_year_is_known() -> None:
    found = lines(**{"_2026-09": 3, "_2026-10": 7})
    assert headlines.of_months(found, 2026) == "Octobre a reçu le plus de demandes"
    assert headlines.sentence_of_months(found) == "7 des 10 demandes ont été reçues en octobre 2026."


def test_the_way_from_a_published_figure_to_ours_always_adds_up() -> None:
    def held(ours: int, value: int, what: str | None = None) -> Part:
        return Part("Café virtuel", value, None, None, "/agenda/cafe", "Café virtuel", ours, "exact", what)

    parts = [held(22, 20), held(17, 17, "registered"), Part("Non datées", 10, None), held(30, 30)]
    found = compared(parts, published=80, ours=100)
    assert found.published + sum(by for _why, by in found.steps) == found.ours
    assert [by for _why, by in found.steps] == [-3, -10, -17, 2, 48]


def test_a_key_is_nothing_without_the_secret() -> None:
    seed = new_seed()
    assert key_from("secret", seed) == key_from("secret", seed) != key_from("autre", seed)
    assert len(key_from("secret", seed)) == 43 and len({new_seed() for _ in range(100)}) == 100


def test_every_indicator_says_what_it_counts_in_both_languages() -> None:
    for name, one in INDICATORS.items():
        assert name == one.id and one.dimensions and one.definition.endswith(".")
        words = (one.name, one.definition, *one.unit, one.source, one.coverage)
        for said in (*words, *(said for pair in (*one.reasons.values(), *one.notes.values()) for said in pair)):
            assert said in catalogue(), said
            assert typography_faults(said) == []


def test_english_is_english() -> None:
    token = language.set("en")
    try:
        assert headlines.of_departments(lines(_33=10, _86=10, _17=1), 21) == "Gironde and Vienne share the lead"
    finally:
        language.reset(token)


@pytest.mark.parametrize("cursor", ["hier", "2020-13-01_x", "2020-01-01_", "_", "2020-01-01_019401f0"])
def test_a_cursor_that_is_not_one_is_refused(cursor: str) -> None:
    with pytest.raises(UnknownCursor):
        Page.after(cursor)
