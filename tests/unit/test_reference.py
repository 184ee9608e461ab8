"""The reference lists are whole, found by what people type, and their numbers are checked by their real rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import reference

digits = st.text("0123456789", min_size=1, max_size=20)


def with_luhn_key(body: str) -> str:
    return next(body + key for key in "0123456789" if luhn_sum(body + key) % 10 == 0)


def luhn_sum(number: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(number), start=1):
        total += int(digit) if place % 2 else sum(map(int, str(2 * int(digit))))
    return total


def test_the_lists_are_whole() -> None:
    postal_codes = (f"{code:05d}" for code in range(16000, 88000))
    assert len({c.code for postal_code in postal_codes for c in reference.communes_of_postal_code(postal_code)}) == 4293
    assert len(reference.regions()) == 18
    assert len(reference.departments()) == 101
    assert len(reference.epcis()) == 156
    assert len(reference.countries()) == 250
    assert [sdg.number for sdg in reference.sdgs()] == list(range(1, 18))
    assert len(reference.themes()) == 24
    assert len(reference.colleges()) == 5
    assert len(reference.kinds()) == 10


def test_the_region_has_its_twelve_departments_and_every_commune_is_in_one() -> None:
    twelve = reference.departments_of_region("75")
    assert [d.code for d in twelve] == ["16", "17", "19", "23", "24", "33", "40", "47", "64", "79", "86", "87"]
    assert reference.departments_of_region("00") == ()
    assert all(reference.commune(d.seat) for d in twelve)


def test_a_commune_is_found_by_its_code_by_its_postal_code_and_by_its_name() -> None:
    bordeaux = reference.commune("33063")
    assert bordeaux is not None
    assert (bordeaux.name, bordeaux.department, bordeaux.epci_name) == ("Bordeaux", "33", "Bordeaux Métropole")
    assert bordeaux in reference.communes_of_postal_code("33000")
    assert bordeaux in reference.communes_of_postal_code("33 000")
    assert reference.communes_named("bordeaux")[0] == bordeaux
    assert reference.commune("99999") is None
    assert reference.communes_of_postal_code("99999") == ()


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("perigueux", "24322"),
        ("PÉRIGUEUX", "24322"),
        ("chatellerault", "86066"),
        ("aire sur l'adour", "40001"),
        ("St Jean de Luz", "64483"),
        ("rochelle", "17300"),
        ("la roch", "17300"),
    ],
)
def test_a_commune_is_found_whatever_the_accents_the_hyphens_or_the_article(typed: str, code: str) -> None:
    assert code in [c.code for c in reference.communes_named(typed)]


def test_nothing_typed_finds_nothing_and_a_letter_finds_no_more_than_asked() -> None:
    assert reference.communes_named("  ") == ()
    assert len(reference.communes_named("s", limit=7)) == 7


@given(st.text(max_size=30))
def test_any_text_can_be_looked_up(typed: str) -> None:
    assert len(reference.communes_named(typed)) <= 20
    assert reference.fold(reference.fold(typed)) == reference.fold(typed)


def test_labels_are_in_french_first_and_in_english_when_asked() -> None:
    morocco, clean_water = reference.country("MA"), reference.sdg(6)
    theme, college, kind = reference.theme("sante"), reference.college("associations"), reference.kind("commune")
    assert morocco and clean_water and theme and college and kind
    labelled = (morocco, clean_water, theme, college, kind)
    assert [item.label() for item in labelled] == [
        "Maroc",
        "Eau propre et assainissement",
        "Santé",
        "Associations, ONG et fondations",
        "Commune",
    ]
    assert [item.label("en") for item in labelled] == [
        "Morocco",
        "Clean Water and Sanitation",
        "Health",
        "Associations, NGOs and foundations",
        "Municipality",
    ]


def test_what_is_unknown_is_none() -> None:
    assert reference.country("ZZ") is None
    assert reference.country("ma") is None
    assert reference.sdg(0) is None
    assert reference.sdg(18) is None
    assert reference.theme("inconnu") is None
    assert reference.college("ASSOCIATIONS") is None
    assert reference.kind("") is None
    assert reference.department("99") is None
    assert reference.region("99") is None


def test_countries_are_in_the_alphabetical_order_of_the_language() -> None:
    names = [c.name for c in reference.countries()]
    assert names.index("Égypte") < names.index("Émirats arabes unis") < names.index("Espagne")


def test_names_carry_the_typographic_apostrophe() -> None:
    assert all("'" not in d.name + d.region_name for d in reference.departments())
    assert all("'" not in c.name for c in reference.communes_named("l", limit=500))


def test_every_commune_has_a_well_formed_siren() -> None:
    assert all(reference.valid_siren(c.siren) for c in reference.communes_named("saint", limit=500))
    assert all(reference.valid_siren(e.siren) for e in reference.epcis())


@given(st.text("0123456789", min_size=8, max_size=8).filter(lambda body: body.strip("0")), st.integers(0, 8))
def test_a_siren_with_its_key_is_valid_and_one_wrong_digit_is_not(body: str, place: int) -> None:
    siren = with_luhn_key(body)
    wrong = siren[:place] + str((int(siren[place]) + 1) % 10) + siren[place + 1 :]
    assert reference.valid_siren(siren)
    assert not reference.valid_siren(wrong)


@given(st.text("0123456789", min_size=4, max_size=4))
def test_a_siret_is_a_siren_and_an_establishment_with_a_key(establishment: str) -> None:
    assert reference.valid_siret(with_luhn_key("213300635" + establishment))
    assert not reference.valid_siret(with_luhn_key("213300636" + establishment))


def test_la_poste_has_its_own_rule_for_the_siret() -> None:
    assert reference.valid_siret("35600000000048")  # the head office follows Luhn
    assert reference.valid_siret("35600000049837")  # a post office: digits sum to 45
    assert not reference.valid_siret("35600000049838")
    assert not reference.valid_siret("21330063549838")


@pytest.mark.parametrize("number", ["", "000000000", "21330063", "2133006350", "21330063A", "213 300 635", "٢١٣٣٠٠٦٣٥"])
def test_what_is_not_a_siren_is_refused(number: str) -> None:
    assert not reference.valid_siren(number)


@pytest.mark.parametrize("rna", ["W332001234", "W2A1000123", "W9R1001234"])
def test_an_rna_is_a_w_and_nine_characters(rna: str) -> None:
    assert reference.valid_rna(rna)


@pytest.mark.parametrize(
    "rna", ["", "W33200123", "W3320012345", "w332001234", "X332001234", "WA32001234", "W33200123A"]
)
def test_what_is_not_an_rna_is_refused(rna: str) -> None:
    assert not reference.valid_rna(rna)


def test_a_number_typed_with_spaces_is_compacted_before_it_is_checked() -> None:
    assert reference.compact(" w33\u202f2001 234 ") == "W332001234"
    assert reference.compact("213\u00a0300.635") == "213300635"


@given(st.one_of(st.text(max_size=20), digits))
def test_no_text_breaks_a_check(number: str) -> None:
    for check in (reference.valid_siren, reference.valid_siret, reference.valid_rna):
        assert check(number) in (True, False)
