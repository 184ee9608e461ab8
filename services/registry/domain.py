"""The registry's rules as pure functions, and its refusals with the sentence people read."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import chain
from typing import Any

from shared import reference
from shared.errors import LinkExpired, NotAllowed, NotFound, Refusal

LISTED = ("published", "to_refresh")
WAITING = ("requested", "in_review", "information_asked")
FRESH_DAYS = 365
"""A sheet nobody confirmed for a year is to be refreshed."""


class UnknownRequest(NotFound):
    """Cette demande n’existe pas."""


class UnknownOrganisation(NotFound):
    """Cette structure n’est pas dans l’annuaire."""


class UnknownGroup(NotFound):
    """Ce groupe n’existe pas."""


class UnknownItem(NotFound):
    """Cette information de veille n’existe pas."""


class UnknownErasure(NotFound):
    """Ce reçu n’existe pas."""


class ForAdministrators(NotAllowed):
    """Seule l’administration donne ou retire un accès."""


class OwnAddress(Refusal):
    """Cette adresse est celle du réseau lui-même : elle ne s’efface pas."""

    field = "email"


class ContactErased(Refusal):
    """Le contact de cette demande a été effacé : plus personne ne peut répondre."""


class AlreadyListed(Refusal):
    """Une structure de l’annuaire porte déjà ce numéro : est-ce vous ?"""

    def __init__(self, field: str, profile_url: str) -> None:
        super().__init__(profile_url=profile_url)
        self.field = field


class LinkUsed(LinkExpired):
    """Ce lien de connexion a déjà servi. Demandez-en un nouveau."""


class NotWaiting(Refusal):
    """Cette demande a déjà reçu sa réponse."""


class NothingAsked(Refusal):
    """L’équipe n’attend pas de réponse pour cette demande."""


class AlreadyWatched(Refusal):
    """Cette adresse est déjà dans la veille."""

    field = "url"


class OtherNumberListed(Refusal):
    """Une autre structure publiée porte ce numéro : mettez sa fiche à jour, ou corrigez le numéro."""


def slug_of(name: str) -> str:
    """An address made of a name: `puits-et-partage`, at most 80 characters; never empty."""
    plain = unicodedata.normalize("NFKD", name.replace("œ", "oe").replace("Œ", "oe").replace("&", " et "))
    words = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode().lower()).strip("-")
    return words[:80].strip("-") or "structure"


RESERVED = {"referencement", "demande", "confirmation", "equipe", "groupes", "adhesion", "connexion", "embed"}


def slugs_of(name: str) -> Iterator[str]:
    """The addresses a name may take, in order; those of our own pages are not among them."""
    first = slug_of(name)
    tried = chain([first], (f"{first[:76]}-{number}" for number in range(2, 1_000)))
    return (one for one in tried if one not in RESERVED)


def search_words(row: Mapping[str, Any]) -> str | None:
    """The names of where a structure is and of what it does, for the search; None where nothing is known."""
    commune = reference.commune(row["commune_code"]) if row["commune_code"] else None
    code = row["department"] or (commune.department if commune else None)
    places = [one.name for one in (commune, reference.department(code) if code else None) if one]
    countries = [one.name for one in map(reference.country, row["countries"]) if one]
    themes = [one.name for one in map(reference.theme, row["themes"]) if one]
    kind = reference.kind(row["kind"]) if row["kind"] else None
    return " ".join([*places, *countries, *themes, *([kind.name] if kind else [])]) or None


def department_of(commune_code: str | None, department: str | None) -> str | None:
    """The department: the commune's where one is named, else the one that was given."""
    commune = reference.commune(commune_code) if commune_code else None
    return commune.department if commune else department


def is_stale(confirmed_on: date | None, today: date) -> bool:
    """Whether a sheet is to be confirmed again."""
    return confirmed_on is not None and confirmed_on <= today - timedelta(days=FRESH_DAYS)


def natural_key(name: str, source: str | None) -> str:
    """By which an imported row is known again."""
    return f"{reference.fold(name)}\n{source or ''}"
