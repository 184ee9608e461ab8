"""What a field accepts, and the sentence it refuses with."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from shared.web import fields
from shared.web.forms import Form, errors_by_field, nested


class Everything(BaseModel):
    """One field of each kind."""

    name: fields.Name | None = None
    text: fields.Text | None = None
    email: fields.Email | None = None
    website: fields.Website | None = None
    siren: fields.Siren | None = None
    siret: fields.Siret | None = None
    rna: fields.Rna | None = None
    commune_code: fields.CommuneCode | None = None
    department: fields.RegionDepartmentCode | None = None
    sdgs: fields.Sdgs = []
    themes: fields.Themes = []
    countries: fields.Countries = []
    topics: fields.Topics = []
    moment: fields.Moment | None = None


def refused(**typed: object) -> dict[str, str]:
    try:
        Everything.model_validate(typed)
    except ValidationError as error:
        return errors_by_field(error)
    return {}


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "A", "trop courte"),
        ("name", "x" * 201, "trop longue"),
        ("name", 12, "doit être un texte"),
        ("name", "Puits\x00", "caractères invisibles"),
        ("name", "Puits\u2028Partage", "caractères invisibles"),
        ("name", "<b>Puits</b>", "sans balise"),
        ("name", '"><img src=x onerror=alert(1)>', "sans balise"),
        ("name", "Puits\r\nBcc: x", "une seule ligne"),
        ("text", "x" * 5_001, "trop longue"),
        ("email", "awa", "nom@exemple.fr"),
        ("email", "awa@puits.example\r\nBcc: tous@puits.example", "une seule ligne"),
        ("email", "a" * 250 + "@puits.example", "trop longue"),
        ("website", "javascript:alert(1)", "https://www.exemple.fr"),
        ("website", "https://user:secret@puits.example", "https://www.exemple.fr"),
        ("website", "https://puits", "https://www.exemple.fr"),
        ("siren", "732829321", "SIREN"),
        ("siret", "73282932000075", "SIRET"),
        ("rna", "W24100", "RNA"),
        ("commune_code", "99999", "commune"),
        ("department", "75", "région du réseau"),
        ("department", "99", "n’existe pas"),
        ("moment", "demain", "Écrivez une date"),
        ("moment", "0001-01-01T00:00", "année"),
    ],
)
def test_a_wrong_answer_gets_a_sentence(field: str, typed: object, words: str) -> None:
    assert words in refused(**{field: typed})[field]


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("sdgs", [6, 18], "1 à 17"),
        ("themes", ["eau"], "thème"),
        ("countries", ["XX"], "pays"),
        ("topics", ["x"], "lettre"),
    ],
)
def test_a_wrong_item_says_which_one(field: str, typed: list[object], words: str) -> None:
    (path,) = refused(**{field: typed})
    assert path.startswith(f"{field}-")
    assert words in refused(**{field: typed})[path]


def test_a_right_answer_is_put_in_its_form() -> None:
    read = Everything.model_validate(
        {
            "name": "  Puits & Partage  ",
            "email": "Awa@Puits.Example",
            "website": "www.puits.example",
            "siren": "732 829 320",
            "rna": "w241000123",
            "commune_code": "24322",
            "department": "24",
            "sdgs": ["6", 6, 17],
            "countries": "ma",
            "moment": "2026-12-04T14:30",
        }
    )
    assert read.name == "Puits & Partage"
    assert read.email == "Awa@puits.example"
    assert read.website == "https://www.puits.example"
    assert (read.siren, read.rna) == ("732829320", "W241000123")
    assert read.sdgs == [6, 17]
    assert read.countries == ["MA"]
    assert read.moment == datetime(2026, 12, 4, 13, 30, tzinfo=UTC)


def test_a_time_without_zone_is_one_of_paris_in_summer_too() -> None:
    read = Everything.model_validate({"moment": "2026-07-14T14:30"})
    assert read.moment == datetime(2026, 7, 14, 12, 30, tzinfo=UTC)


@given(st.text(max_size=300))
def test_no_text_breaks_a_field(typed: str) -> None:
    for field in ("name", "text", "email", "website", "siren", "siret", "rna", "commune_code", "department", "moment"):
        for sentence in refused(**{field: typed}).values():
            assert sentence.strip()


def test_nested_names_become_lists_in_their_order() -> None:
    typed = {
        "title": "Réunion",
        "sessions-1-starts_at": "b",
        "sessions-0-starts_at": "a",
        "sessions-0-title": "",
        "x": "",
    }
    assert nested(typed) == {"title": "Réunion", "sessions": [{"starts_at": "a"}, {"starts_at": "b"}]}


def test_a_refused_form_keeps_what_was_typed_and_its_key() -> None:
    form = Form({"name": "A", "sdgs": ["18"]}, key="same")
    assert form.read(Everything) is None
    assert form.value("name") == "A"
    assert form.error("name") == "Cette réponse est trop courte\u00a0: 2 caractères au moins."
    assert form.error("sdgs") == "Les ODD vont de 1 à 17."
    assert form.key == "same"
