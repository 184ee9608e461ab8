"""Every sentence has its English, and every French sentence its typography."""

from pathlib import Path

import pytest

from shared.web import i18n

ROOT = Path(__file__).parents[2]
ROOMS = ["shared", "services/registry", "services/events", "services/mailing", "services/observatory"]


def known_in(room: str) -> dict[str, tuple[str, ...]]:
    known = i18n.read_catalogue(ROOT / "shared/web/locale/en.po")
    for file in sorted((ROOT / room).rglob("locale/en.po")):
        known |= i18n.read_catalogue(file)
    return known


@pytest.mark.parametrize("room", ROOMS)
def test_every_sentence_of_the_pages_has_its_english(room: str) -> None:
    assert i18n.missing_english(ROOT / room, known_in(room)) == []


@pytest.mark.parametrize("room", ROOMS)
def test_french_sentences_follow_french_typography(room: str) -> None:
    marked = {message for _place, message, _plural in i18n.messages_in(ROOT / room)}
    faults = [fault for message in marked | set(known_in(room)) for fault in i18n.typography_faults(message)]
    assert faults == []


@pytest.mark.parametrize(
    "wrong",
    ["Qui coopère ?", "Qui coopère?", "Attention\u00a0!", "Agit :", "Agit:", "« oui »", "L'eau", "Et puis...", "9 %"],
)
def test_a_sentence_off_french_typography_is_found(wrong: str) -> None:
    assert i18n.typography_faults(wrong)


@pytest.mark.parametrize(
    "right",
    [
        "Qui\u202f? Où\u202f!",
        "Agit\u00a0: Maroc",
        "«\u202foui\u202f»",
        "L’eau…",
        "à 14:30",
        "https://a.example/?q=1",
        "%(n)s",
    ],
)
def test_a_sentence_in_french_typography_passes(right: str) -> None:
    assert i18n.typography_faults(right) == []


def test_a_plural_follows_the_rule_of_its_language() -> None:
    sentence = ("dans %(n)s jour", "dans %(n)s jours")
    assert i18n.ngettext(*sentence, 0) == "dans 0 jour"
    assert i18n.ngettext(*sentence, 1432) == "dans 1\u202f432 jours"
    token = i18n.language.set("en")
    try:
        assert i18n.ngettext(*sentence, 0) == "in 0 days"
        assert i18n.ngettext(*sentence, 1) == "in 1 day"
        assert i18n._("Erreur %(code)s", code=404) == "Error 404"
    finally:
        i18n.language.reset(token)


def test_a_sentence_without_english_is_said_in_french() -> None:
    assert i18n.translate("en", "Une phrase que personne n’a traduite") == "Une phrase que personne n’a traduite"


@pytest.mark.parametrize(("lang", "plural"), [("fr", [2, 2.5, 11]), ("en", [0, 1.5, 2])])
def test_each_language_has_its_own_plural(lang: str, plural: list[float]) -> None:
    spoken = i18n.language.set(lang)
    assert [n for n in (0, 1, 1.5, 2, 2.5, 11) if i18n.is_plural(n)][: len(plural)] == plural
    i18n.language.reset(spoken)
