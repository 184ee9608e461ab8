"""Codes in people's words, in the reader's language."""

from collections.abc import Callable
from typing import Any

from shared import reference
from shared.web.i18n import _, language

STATES = {
    "requested": "Demandée",
    "in_review": "En examen",
    "information_asked": "À compléter",
    "published": "Publiée",
    "refused": "Refusée",
    "to_refresh": "À actualiser",
    "archived": "Archivée",
    "recorded": "Connue, non publiée",
}
STATE_KINDS = {"published": "ok", "information_asked": "wait", "to_refresh": "wait", "refused": "danger"}
ROLES = {"staff": "Équipe", "administrator": "Administration"}
STEPS = {
    "confirmed": "Adresse confirmée",
    "in_review": "L’équipe examine la demande",
    "information_asked": "L’équipe demande une précision",
    "answered": "Réponse du contact",
    "published": "Fiche publiée",
    "refused": "Demande non retenue",
}
NEEDS = {
    "support": "Un accompagnement pour un projet",
    "training": "Une formation",
    "resources": "Des ressources, des outils",
    "partners": "Des partenaires",
}
GROUP_KINDS = {
    "country_group": "Groupe pays",
    "thematic_group": "Groupe thématique",
    "community_of_practice": "Communauté de pratiques",
    "other": "Autre groupe",
}
WATCH_CLASSES = {
    "actors": "Acteurs",
    "news": "Actualités",
    "events": "Événements et formations",
    "funding": "Financements",
    "jobs": "Emplois et missions",
}

SERVICES = {
    "registry": "Annuaire",
    "events": "Agenda et inscriptions",
    "mailing": "Lettres et courriels",
    "observatory": "Observatoire",
}
ERASED = {
    "listing_contacts": "contacts d’une demande de référencement",
    "memberships": "places dans un groupe",
    "accounts": "accès à l’espace équipe",
    "drafts": "brouillons de formulaire",
    "people": "personnes",
    "registrations": "inscriptions, qui restent comptées sans nom",
    "subscriptions": "abonnements",
    "subscription_requests": "demandes d’abonnement",
    "group_letters": "lettres de groupe",
    "mails": "courriels préparés ou envoyés",
    "events": "messages entre nos services",
    "parked": "messages en attente",
    "answers": "réponses à un formulaire",
    "kept": "données après la demande, gardées",
}


def erased(counts: dict[str, int]) -> str:
    """How many rows went, by kind; one sentence."""
    said = [_("%(what)s\u00a0: %(n)s", what=_(ERASED.get(kind, kind)), n=n) for kind, n in counts.items()]
    return ", ".join(said) if said else _("rien à effacer")


def asked_by(by: str) -> str:
    """Who asked for an erasure."""
    return _("la personne elle-même") if by == "person" else _("l’équipe")


def college(code: str | None) -> str | None:
    """The college's name."""
    found = reference.college(code) if code else None
    return found.label(language.get()) if found else code


def kind(code: str | None) -> str | None:
    """The kind of structure."""
    found = reference.kind(code) if code else None
    return found.label(language.get()) if found else code


def theme(code: str) -> str:
    """The theme's name."""
    found = reference.theme(code)
    return found.label(language.get()) if found else code


def country(code: str) -> str:
    """The country's name."""
    found = reference.country(code)
    return found.label(language.get()) if found else code


def department(code: str | None) -> str | None:
    """The department with its number: « Gironde (33) »."""
    found = reference.department(code) if code else None
    return f"{found.name} ({found.code})" if found else code


def departments(codes: list[str]) -> str:
    """Departments one after the other, empty where there are none."""
    return ", ".join(str(department(code)) for code in codes)


def sdg(number: str | int) -> str:
    """The goal's title."""
    found = reference.sdg(int(number))
    return found.label(language.get()) if found else str(number)


def seat(commune_code: str | None, department_code: str | None) -> str | None:
    """Where a structure sits: « Périgueux (24) », « Gironde (33) », None where it is not known."""
    commune = reference.commune(commune_code) if commune_code else None
    return f"{commune.name} ({commune.department})" if commune else department(department_code)


def state(code: str) -> str:
    """The state of a request or a sheet."""
    return _(STATES.get(code, code))


def step(code: str) -> str:
    """What happened to a request."""
    return _(STEPS.get(code, code))


def countries(codes: list[str]) -> str:
    """Countries one after the other, empty where there are none."""
    return ", ".join(country(code) for code in codes)


def themes(codes: list[str]) -> str:
    """Themes one after the other, empty where there are none."""
    return ", ".join(theme(code) for code in codes)


def needs(codes: list[str]) -> str:
    """What a structure looks for, empty where it said nothing."""
    return ", ".join(_(NEEDS.get(code, code)) for code in codes)


LABELS: dict[str, Callable[[Any], str | None]] = {
    "college": college,
    "kind": kind,
    "department": department,
    "theme": theme,
    "sdg": sdg,
    "country": country,
}
"""How a value of each facet is said."""
