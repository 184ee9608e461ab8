"""What codes are called on a page, in the reader's language."""

from datetime import date
from typing import Any

from services.events.domain import Gathering, Session
from shared import reference
from shared.clock import in_paris
from shared.web import format
from shared.web.i18n import _, grouped, language, ngettext


def kind(code: str) -> str:
    """What a kind of event is called."""
    return {
        "meeting": _("Rencontre"),
        "training": _("Formation"),
        "webinar": _("Webinaire"),
        "assembly": _("Assemblée générale"),
        "information_session": _("Réunion d’information"),
    }[code]


def mode(code: str | None) -> str | None:
    """How one takes part; None where it is not known."""
    known = {"in_person": _("Sur place"), "online": _("À distance"), "hybrid": _("Sur place et à distance")}
    return known[code] if code else None


def role(code: str | None) -> str | None:
    """What the network did there; None where it is not known."""
    known = {"organiser": _("Organisateur"), "speaker": _("Intervenant"), "attendee": _("Participant")}
    return known[code] if code else None


def status(code: str) -> str:
    """The state of an event."""
    return {
        "draft": _("Brouillon"),
        "published": _("Publié"),
        "cancelled": _("Annulé"),
        "postponed": _("Reporté"),
        "held": _("Tenu"),
    }[code]


def registration_status(code: str) -> str:
    """The state of a registration."""
    return {"confirmed": _("Confirmée"), "waiting": _("Liste d’attente"), "cancelled": _("Annulée")}[code]


def theme(code: str) -> str:
    """The name of a theme."""
    found = reference.theme(code)
    return found.label(language.get()) if found else code


def country(code: str) -> str:
    """The name of a country."""
    found = reference.country(code)
    return found.label(language.get()) if found else code


def department(code: str) -> str:
    """The name of a department and its number."""
    found = reference.department(code)
    return f"{found.name} ({code})" if found else code


def when(gathering: Gathering) -> str:
    """From when to when: the hours of one session, the span of several; a day or a month where no more is known."""
    if gathering.date_precision == "month":
        return format.month(gathering.first_day)
    if not gathering.sessions:
        return format.period(gathering.days[0], gathering.days[-1]) if gathering.days else format.date(None)
    if len(gathering.sessions) == 1:
        return format.period(gathering.sessions[0].starts_at, gathering.sessions[0].ends_at)
    said = ngettext("%(n)s séance", "%(n)s séances", len(gathering.sessions))
    return f"{format.period(gathering.starts_at, gathering.ends_at)} ({said})"


def hours(gathering: Gathering) -> str | None:
    """The hours of the first session, for a row that already shows the day."""
    if gathering.date_precision == "month":
        return _("jour non renseigné")
    if not gathering.sessions:
        days = len(gathering.days)
        return ngettext("%(n)s jour", "%(n)s jours", days) if days > 1 else None
    first = gathering.sessions[0]
    said = slot(first)
    if len(gathering.sessions) > 1:
        said += ", " + ngettext("%(n)s séance", "%(n)s séances", len(gathering.sessions))
    return said


def slot(session: Session) -> str:
    """The hours of a session; its dates too where it ends another day."""
    if in_paris(session.starts_at).date() != in_paris(session.ends_at).date():
        return format.period(session.starts_at, session.ends_at)
    return f"{format.time(session.starts_at)} – {format.time(session.ends_at)}"


def capital(said: str) -> str:
    """With a capital, to begin a line."""
    return said[:1].upper() + said[1:]


def places(gathering: Gathering) -> tuple[str, str]:
    """What is left, in words, and the kind of tag that says it."""
    left = gathering.places_left
    if left is None:
        return _("Inscription ouverte"), "ok"
    if left == 0 or gathering.waiting_count:
        return _("Complet, liste d’attente"), "wait"
    if left <= 5:
        return ngettext("Plus que %(n)s place", "Plus que %(n)s places", left), "wait"
    return ngettext("%(n)s place libre", "%(n)s places libres", left), "ok"


def count(declared: dict[str, Any]) -> str:
    """A head count with its precision: environ 30 personnes présentes."""
    n, what = declared["n"], declared.get("what")
    people = {
        "registered": ngettext("%(n)s personne inscrite", "%(n)s personnes inscrites", n),
        "present": ngettext("%(n)s personne présente", "%(n)s personnes présentes", n),
    }.get(what or "", ngettext("%(n)s participant", "%(n)s participants", n))
    if declared["precision"] == "about":
        return _("environ %(count)s", count=people)
    return _("au moins %(count)s", count=people) if declared["precision"] == "at_least" else people


def filling(gathering: Gathering) -> str:
    """How many have a place, of how many: 12 sur 20."""
    confirmed = grouped(gathering.confirmed_count, language.get())
    if gathering.capacity is None:
        return confirmed
    rate = format.percent(gathering.confirmed_count / gathering.capacity, 0)
    capacity = grouped(gathering.capacity, language.get())
    return _("%(n)s sur %(capacity)s (%(rate)s)", n=confirmed, capacity=capacity, rate=rate)


def month_of(day: date) -> str:
    """The month that heads a part of the list, with a capital."""
    return capital(format.month(day))
