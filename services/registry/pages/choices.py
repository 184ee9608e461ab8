"""What a form offers to choose from, in the reader's language."""

from typing import Any

from services.registry import wording
from services.registry.queries.groups import groups
from shared import reference
from shared.db import Tx
from shared.web.forms import Form
from shared.web.i18n import _, language

FREQUENT_COUNTRIES = ("BF", "BJ", "CI", "CM", "GN", "HT", "MA", "MG", "ML", "SN", "TG", "TN")
"""Offered as boxes; the others are in three lists."""
OTHER_COUNTRIES = 3


def colleges() -> list[tuple[str, str, str]]:
    """The five colleges, as a structure would say what it is."""
    lang = language.get()
    return [(one.code, one.label(lang), ", ".join(one.examples[:4])) for one in reference.colleges()]


def kinds() -> list[tuple[str, str]]:
    """Kinds of structure."""
    return [(one.code, one.label(language.get())) for one in reference.kinds()]


def themes() -> list[tuple[str, str]]:
    """The themes."""
    return [(one.code, one.label(language.get())) for one in reference.themes()]


def countries() -> list[tuple[str, str]]:
    """Every country."""
    lang = language.get()
    return [(one.iso2, one.label(lang)) for one in reference.countries(lang)]


def needs() -> list[tuple[str, str]]:
    """What a structure may look for."""
    return [(code, _(words)) for code, words in wording.NEEDS.items()]


def typed_list(form: Form, name: str) -> list[str]:
    """A group's answers as a list, whatever came."""
    typed = form.value(name)
    return [one for one in ([typed] if isinstance(typed, str) else typed) if one]


def other_countries(form: Form) -> list[str]:
    """What the three lists show: chosen countries that have no box, then nothing."""
    others = [code for code in typed_list(form, "countries") if code not in FREQUENT_COUNTRIES]
    return (others + [""] * OTHER_COUNTRIES)[: max(OTHER_COUNTRIES, len(others) + 1)]


async def topics(tx: Tx) -> list[tuple[str, str]]:
    """The letters one may ask for at once: the newsletter, trainings, calls, each group's."""
    common = [
        ("newsletter", _("La lettre mensuelle du réseau")),
        ("trainings", _("Les formations")),
        ("calls", _("Les appels à projets")),
    ]
    return common + [(f"group:{row['slug']}", row["name"]) for row in await groups(tx)]


async def offered(tx: Tx, form: Form) -> dict[str, Any]:
    """Everything the listing form offers."""
    lang = language.get()
    frequent = [(code, wording.country(code)) for code in FREQUENT_COUNTRIES]
    return {
        "colleges": colleges(),
        "kinds": kinds(),
        "themes": themes(),
        "countries": countries(),
        "frequent": sorted(frequent, key=lambda one: reference.fold(one[1])),
        "others": other_countries(form),
        "needs": needs(),
        "topics": await topics(tx),
        "lang": lang,
    }
