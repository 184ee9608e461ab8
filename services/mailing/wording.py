"""What codes are called in letters and on pages, in the reader's language."""

from collections.abc import Iterable, Mapping

from services.mailing.domain import CALLS, GROUP, NEWSLETTER, TRAININGS
from shared import reference
from shared.web.i18n import _


def topic(code: str, groups: Mapping[str, str]) -> str:
    """The name of a letter."""
    known = {
        NEWSLETTER: _("La lettre mensuelle"),
        TRAININGS: _("Les formations"),
        CALLS: _("Les appels à projets"),
    }
    if code in known:
        return known[code]
    slug = code.removeprefix(GROUP)
    return _("La lettre du groupe «\u202f%(name)s\u202f»", name=groups.get(slug, slug))


def topics_said(codes: Iterable[str], groups: Mapping[str, str]) -> str:
    """The names of letters, one after the other."""
    return ", ".join(topic(code, groups) for code in codes)


def campaign_kind(code: str) -> str:
    """What kind of letter it is."""
    return {"newsletter": _("Lettre mensuelle"), "targeted": _("Lettre ciblée")}[code]


def status(code: str) -> str:
    """How far a letter is."""
    return {
        "draft": _("Brouillon"),
        "approved": _("Approuvée"),
        "sending": _("En cours d’envoi"),
        "sent": _("Envoyée"),
    }[code]


def letter_state(code: str) -> str:
    """What became of one reader's letter."""
    return {
        "queued": _("En attente"),
        "sending": _("En cours d’envoi"),
        "sent": _("Acceptée"),
        "failed": _("Refusée"),
        "skipped": _("Non envoyée"),
    }[code]


def mode(code: str | None) -> str | None:
    """How one takes part, where that is worth a word."""
    known = {"in_person": None, "online": _("à distance"), "hybrid": _("sur place et à distance")}
    return known[code] if code else None


def department(code: str | None) -> str:
    """A department by its name and number."""
    found = reference.department(code) if code else None
    return f"{found.name} ({code})" if found else (code or _("non renseigné"))
