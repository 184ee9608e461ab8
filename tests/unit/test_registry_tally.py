"""Facets counted by bits: the counts are those a person would make with a list."""

from hypothesis import given
from hypothesis import strategies as st

from services.registry.tally import Tally, bits_of, numbers_of

STRUCTURES = [
    {"number": 1, "college": "associations", "department": "33", "sdgs": [6, 17], "countries": ["BF"]},
    {"number": 9, "college": "associations", "department": "24", "sdgs": [6], "countries": []},
    {"number": 4_000, "college": "collectivites", "department": "33", "sdgs": [4], "countries": ["BF", "MA"]},
]


def row(changed: int = 1, listed: bool = True, **known: object) -> dict[str, object]:
    return {"kind": None, "themes": [], "changed": changed, "listed": listed} | known


def tally_of(*rows: dict[str, object]) -> Tally:
    tally = Tally()
    tally._take(list(rows))  # type: ignore[arg-type]
    return tally


@given(st.sets(st.integers(0, 5_000)))
def test_numbers_are_bits_and_back(numbers: set[int]) -> None:
    assert numbers_of(bits_of(numbers)) == sorted(numbers)
    assert bits_of(numbers).bit_count() == len(numbers)


def test_a_facets_own_choice_does_not_narrow_its_own_counts() -> None:
    tally = tally_of(*(row(**one) for one in STRUCTURES))
    chosen = {"college": ["associations"], "sdg": [6, 4]}
    assert numbers_of(tally.matching(chosen, tally.listed)) == [1, 9]
    facets = tally.facets(chosen, tally.listed)
    assert facets["college"] == [("associations", 2), ("collectivites", 1)]
    assert facets["sdg"] == [("6", 2), ("17", 1)]
    assert facets["department"] == [("24", 1), ("33", 1)]
    assert facets["country"] == [("BF", 1)]


def test_what_changed_or_left_is_counted_as_it_is_now() -> None:
    tally = tally_of(*(row(**one) for one in STRUCTURES))
    tally._take([row(2, **STRUCTURES[0] | {"department": "86"}), row(3, listed=False, **STRUCTURES[2])])  # type: ignore[arg-type, list-item]
    assert numbers_of(tally.listed) == [1, 9]
    assert tally.facets({}, tally.listed)["department"] == [("24", 1), ("86", 1)]
    assert tally.facets({}, tally.listed)["country"] == [("BF", 1)]


def test_an_unknown_value_matches_nothing() -> None:
    tally = tally_of(*(row(**one) for one in STRUCTURES))
    assert tally.matching({"country": ["ZW"]}, tally.listed) == 0
