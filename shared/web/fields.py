"""What a field may hold, once for the web form, the API body and the command; each refusal says what to do."""

import functools
import re
import unicodedata
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from shared import reference
from shared.clock import as_utc, in_paris
from shared.settings import Settings

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029\ufffe\uffff\ud800-\udfff]")
_TAG = re.compile(r"<\s*[a-zA-Z/!?]")
_TOPIC = re.compile(r"newsletter|trainings|calls|group:[a-z0-9-]{1,80}")
_DOMAIN = re.compile(r"([a-z0-9-]{1,63}\.)+[a-z]{2,63}", re.IGNORECASE)
LAST_YEAR = 2100


def wrong(code: str, sentence: str) -> PydanticCustomError:
    """An error whose message is already the sentence people read."""
    return PydanticCustomError(code, "{sentence}", {"sentence": sentence})


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = unicodedata.normalize("NFC", value).replace("\r\n", "\n").strip()
    if _CONTROL.search(value):
        raise wrong("control_characters", "Retirez les caractères invisibles de cette réponse.")
    return value


def _line(value: Any) -> Any:
    value = _text(value)
    if isinstance(value, str) and re.search(r"[\r\n\t]", value):
        raise wrong("one_line", "Écrivez cette réponse sur une seule ligne.")
    return value


def _plain_line(value: str) -> str:
    if _TAG.search(value):
        raise wrong("no_markup", "Écrivez cette réponse sans balise HTML.")
    return value


def _empty_is_absent(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _email(value: str) -> str:
    try:
        found = validate_email(value, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError:
        raise wrong("email", "L’adresse électronique doit ressembler à nom@exemple.fr") from None
    return found.normalized


def _website(value: str) -> str:
    address = value if "://" in value else f"https://{value}"
    try:
        parts = urlsplit(address)
        host, _port = (parts.hostname or "").encode("idna").decode(), parts.port
    except (UnicodeError, ValueError):
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not _DOMAIN.fullmatch(host) or "@" in parts.netloc or " " in address:
        raise wrong("website", "L’adresse du site doit ressembler à https://www.exemple.fr")
    return address


def _siren(value: str) -> str:
    number = reference.compact(value)
    if not reference.valid_siren(number):
        raise wrong("siren", "Ce numéro SIREN n’est pas valable\u00a0: vérifiez ses 9 chiffres.")
    return number


def _siret(value: str) -> str:
    number = reference.compact(value)
    if not reference.valid_siret(number):
        raise wrong("siret", "Ce numéro SIRET n’est pas valable\u00a0: vérifiez ses 14 chiffres.")
    return number


def _rna(value: str) -> str:
    number = reference.compact(value)
    if not reference.valid_rna(number):
        raise wrong("rna", "Le numéro RNA commence par W, suivi de 9 chiffres.")
    return number


def _commune(value: str) -> str:
    if reference.commune(value) is None:
        raise wrong("unknown_commune", "Cette commune n’est pas dans la liste\u00a0: cherchez-la par son code postal.")
    return value


def _department(value: str) -> str:
    if reference.department(value.upper()) is None:
        raise wrong("unknown_department", "Ce département n’existe pas\u00a0: choisissez-le dans la liste.")
    return value.upper()


@functools.cache
def _departments_here() -> frozenset[str]:
    return frozenset(one.code for one in reference.departments_of_region(Settings().region))


def _department_of_region(value: str) -> str:
    value = _department(value)
    if value not in _departments_here():
        raise wrong("department_elsewhere", "Ce département n’est pas dans la région du réseau.")
    return value


def _country(value: str) -> str:
    if reference.country(value.upper()) is None:
        raise wrong("unknown_country", "Ce pays n’est pas dans la liste\u00a0: choisissez-le dans la liste.")
    return value.upper()


def _sdg(value: int) -> int:
    if reference.sdg(value) is None:
        raise wrong("unknown_sdg", "Les ODD vont de 1 à 17.")
    return value


def _theme(value: str) -> str:
    if reference.theme(value) is None:
        raise wrong("unknown_theme", "Ce thème n’est pas dans la liste.")
    return value


def _college(value: str) -> str:
    if reference.college(value) is None:
        raise wrong("unknown_college", "Choisissez un des cinq collèges de la liste.")
    return value


def _kind(value: str) -> str:
    if reference.kind(value) is None:
        raise wrong("unknown_kind", "Choisissez une nature de structure dans la liste.")
    return value


def _topic(value: str) -> str:
    if not _TOPIC.fullmatch(value):
        raise wrong("unknown_topic", "Cette lettre n’existe pas\u00a0: choisissez-la dans la liste.")
    return value


def _moment(value: datetime) -> datetime:
    if not 1900 <= value.year <= LAST_YEAR:
        raise wrong("year", "Vérifiez l’année de cette date.")
    moment = as_utc(value)
    if value.tzinfo is None and in_paris(moment).replace(tzinfo=None) != value:
        raise wrong("no_such_hour", "Cette heure n’existe pas\u00a0: cette nuit-là, on passe de 2\u00a0h à 3\u00a0h.")
    return moment


def _distinct(values: list[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


def _list(value: Any) -> Any:
    """One box ticked in a form comes as a word, none as an empty one."""
    if isinstance(value, str):
        return [value] if value.strip() else []
    return [one for one in value if one != ""] if isinstance(value, list) else value


EmptyIsAbsent = BeforeValidator(_empty_is_absent)

Name = Annotated[str, Field(min_length=2, max_length=200), BeforeValidator(_line), AfterValidator(_plain_line)]
"""The name of a structure or a person: one line, 2 to 200 characters, no markup."""
Line = Annotated[str, Field(min_length=1, max_length=300), BeforeValidator(_line), AfterValidator(_plain_line)]
"""A line of text, up to 300 characters."""
Text = Annotated[str, Field(min_length=1, max_length=5_000), BeforeValidator(_text)]
"""Some paragraphs, up to 5,000 characters."""
Summary = Annotated[str, Field(min_length=1, max_length=2_000), BeforeValidator(_text)]
"""A paragraph, up to 2,000 characters."""
Document = Annotated[str, Field(min_length=1, max_length=200_000), BeforeValidator(_text)]
"""A whole document, up to 200,000 characters."""
Email = Annotated[str, Field(max_length=254), BeforeValidator(_line), AfterValidator(_email)]
Website = Annotated[str, Field(max_length=300), BeforeValidator(_line), AfterValidator(_website)]
Siren = Annotated[str, Field(max_length=40), BeforeValidator(_line), AfterValidator(_siren)]
Siret = Annotated[str, Field(max_length=40), BeforeValidator(_line), AfterValidator(_siret)]
Rna = Annotated[str, Field(max_length=40), BeforeValidator(_line), AfterValidator(_rna)]
CommuneCode = Annotated[str, Field(max_length=5), BeforeValidator(_line), AfterValidator(_commune)]
DepartmentCode = Annotated[str, Field(max_length=3), BeforeValidator(_line), AfterValidator(_department)]
RegionDepartmentCode = Annotated[
    str, Field(max_length=3), BeforeValidator(_line), AfterValidator(_department_of_region)
]
CountryCode = Annotated[str, Field(max_length=2), BeforeValidator(_line), AfterValidator(_country)]
SdgNumber = Annotated[int, Field(ge=-1_000, le=1_000), AfterValidator(_sdg)]
ThemeCode = Annotated[str, Field(max_length=80), BeforeValidator(_line), AfterValidator(_theme)]
CollegeCode = Annotated[str, Field(max_length=80), BeforeValidator(_line), AfterValidator(_college)]
KindCode = Annotated[str, Field(max_length=80), BeforeValidator(_line), AfterValidator(_kind)]
Topic = Annotated[str, Field(max_length=90), BeforeValidator(_line), AfterValidator(_topic)]
Moment = Annotated[datetime, AfterValidator(_moment)]
"""A moment, in UTC once read; without zone it is Europe/Paris, the first time where a night has an hour twice."""

Themes = Annotated[list[ThemeCode], Field(max_length=24), BeforeValidator(_list), AfterValidator(_distinct)]
Sdgs = Annotated[list[SdgNumber], Field(max_length=17), BeforeValidator(_list), AfterValidator(_distinct)]
Countries = Annotated[list[CountryCode], Field(max_length=60), BeforeValidator(_list), AfterValidator(_distinct)]
Topics = Annotated[list[Topic], Field(max_length=40), BeforeValidator(_list), AfterValidator(_distinct)]
ListOf = BeforeValidator(_list)
"""Before a list field of a form: one ticked box or none is still a list."""
