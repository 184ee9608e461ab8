"""What the service says of a gathering and of those who come: facts without a name, letters that say all."""

from datetime import date
from typing import Any, TypeVar

from services.events.calendars import Occasion, invitation
from services.events.domain import Gathering
from services.events.links import Links
from services.events.queries.registrations import Registrant
from shared.clock import today
from shared.contracts.events import AbstractGathering, AbstractRegistration, DeclaredCount, Mode, SessionState

GatheringFact = TypeVar("GatheringFact", bound=AbstractGathering)
RegistrationFact = TypeVar("RegistrationFact", bound=AbstractRegistration)


def gathering_fact(shape: type[GatheringFact], gathering: Gathering) -> GatheringFact:
    """The whole public state of a gathering: no description, no speaker, no address of a video room."""
    assert gathering.status != "draft"
    return shape(
        occurred_on=gathering.first_day,
        demonstration=gathering.demonstration,
        gathering_id=gathering.id,
        version=gathering.version,
        status=gathering.status,
        slug=gathering.slug,
        title=gathering.title,
        kind=gathering.kind,
        mode=gathering.mode,
        date_precision=gathering.date_precision,
        sessions=session_states(gathering),
        capacity=gathering.capacity,
        place=gathering.place,
        department=gathering.department,
        group_slug=gathering.group_slug,
        themes=list(gathering.themes),
        countries=list(gathering.countries),
        role=gathering.role,
        declared_counts=[DeclaredCount(**one) for one in gathering.declared_counts],
        structures_count=gathering.structures_count,
        very_satisfied_percent=gathering.very_satisfied_percent,
        satisfied_percent=gathering.satisfied_percent,
        source=gathering.source,
    )


def registration_fact(
    shape: type[RegistrationFact], gathering: Gathering, registrant: Registrant, occurred_on: date | None = None
) -> RegistrationFact:
    """A registration by random ids."""
    return shape(
        occurred_on=occurred_on or today(),
        demonstration=gathering.demonstration or registrant.demonstration,
        registration_id=registrant.id,
        version=registrant.version,
        gathering_id=gathering.id,
        person_id=registrant.person_id,
        status=registrant.status,
        mode=mode_of(gathering, registrant),
        department=registrant.department,
        country=registrant.country,
        organisation_id=registrant.organisation_id,
    )


def letter(links: Links, gathering: Gathering, registrant: Registrant, had_place: bool | None = None) -> dict[str, Any]:
    """The fields of every event a mail follows from; only those who have (or had) a place get a calendar."""
    holds = registrant.status == "confirmed"
    mode = mode_of(gathering, registrant)
    return {
        "person_key": links.person_key(registrant.email),
        "email": registrant.email,
        "name": registrant.name,
        "lang": registrant.lang,
        "registration_id": registrant.id,
        "registration_version": registrant.version,
        "gathering_id": gathering.id,
        "gathering_title": gathering.title,
        "gathering_url": links.gathering(gathering.slug),
        "sessions": session_states(gathering),
        "mode": mode,
        "place": gathering.place,
        "online_url": gathering.online_url if holds and mode in ("online", "hybrid", None) else None,
        "manage_url": links.manage(registrant.id, registrant.lang),
        "calendar": calendar_of(links, gathering, registrant) if (holds if had_place is None else had_place) else None,
    }


def calendar_of(links: Links, gathering: Gathering, registrant: Registrant) -> str:
    """The .ics for one registrant: REQUEST for whoever has a place, CANCEL otherwise."""
    mode = mode_of(gathering, registrant)
    occasion = Occasion.public(gathering, links.gathering(gathering.slug))
    return invitation(
        occasion.of_registrant(gathering, mode, registrant.version),
        (links.settings.network_name, links.settings.team_email),
        (registrant.name, registrant.email),
        cancelled=registrant.status != "confirmed",
    )


def mode_of(gathering: Gathering, registrant: Registrant) -> Mode | None:
    """How this person comes: the gathering's mode, or their choice where it leaves one."""
    return registrant.mode if gathering.mode == "hybrid" else gathering.mode


def session_states(gathering: Gathering) -> list[SessionState]:
    """The sessions as events carry them; a date not known yet is no session."""
    return [SessionState(starts_at=one.starts_at, ends_at=one.ends_at, title=one.title) for one in gathering.sessions]
