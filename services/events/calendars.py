"""Calendars (RFC 5545, 5546): one UID for life, a SEQUENCE that rises, Europe/Paris spelt out for Outlook."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, Self

from icalendar import Calendar, Event, Timezone, vCalAddress, vText
from icalendar.parser import Contentline

from services.events.domain import Gathering, Session
from shared.clock import PARIS, now

Method = Literal["PUBLISH", "REQUEST", "CANCEL"]
_ATTENDEE = "ATTENDEE:mailto:registrant@maillage.invalid\r\n"
_PARIS = Timezone.from_ical(
    """BEGIN:VTIMEZONE
TZID:Europe/Paris
X-LIC-LOCATION:Europe/Paris
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""
)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a calendar says of a gathering; equal ones give the same calendar."""

    id: str
    sequence: int
    cancelled: bool
    title: str
    url: str
    sessions: tuple[Session, ...]
    former_sessions: tuple[Session, ...]
    days: tuple[date, ...]
    location: str | None
    description: str | None
    online_url: str | None = None

    @classmethod
    def public(cls, gathering: Gathering, url: str) -> Self:
        """For everybody: never the address of the video room."""
        return cls(
            id=str(gathering.id),
            sequence=gathering.sequence,
            cancelled=gathering.status == "cancelled" or gathering.undecided,
            title=gathering.title,
            url=url,
            sessions=gathering.sessions,
            former_sessions=gathering.former_sessions,
            days=gathering.days,
            location=gathering.place,
            description=gathering.description,
        )

    def of_registrant(self, gathering: Gathering, mode: str | None, version: int) -> "Occasion":
        """For somebody who has a place: where they go, or the video room. Each change of theirs raises the SEQUENCE."""
        room = gathering.online_url if mode in ("online", "hybrid", None) else None
        return replace(
            self,
            sequence=self.sequence + version - 1,
            location=room if mode == "online" else gathering.place or room,
            online_url=room,
        )


def invitation(occasion: Occasion, organizer: tuple[str, str], registrant: tuple[str, str], cancelled: bool) -> str:
    """The .ics a mail attaches: REQUEST to come, CANCEL not to; `organizer` and `registrant` are (name, address)."""
    method: Method = "CANCEL" if cancelled or occasion.cancelled else "REQUEST"
    name, address = registrant
    person = vCalAddress.new(address, cn=name, role="REQ-PARTICIPANT", partstat="ACCEPTED")
    line = Contentline.from_parts("ATTENDEE", person.params, person).to_ical().decode() + "\r\n"
    return _invitation(occasion, organizer, method).replace(_ATTENDEE, line)


@lru_cache(maxsize=1024)
def _invitation(occasion: Occasion, organizer: tuple[str, str], method: Method) -> str:
    calendar = _empty(method)
    for event in _events(occasion, method == "CANCEL"):
        name, address = organizer
        event.add("organizer", vCalAddress.new(address, cn=name))
        event.add("attendee", vCalAddress("mailto:registrant@maillage.invalid"))
        calendar.add_component(event)
    return str(calendar.to_ical().decode())


def published(name: str, occasions: Iterable[Occasion]) -> str:
    """A public calendar, to subscribe to or to save."""
    calendar = _empty("PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", "Europe/Paris")
    calendar.add("refresh-interval", timedelta(hours=4), parameters={"VALUE": "DURATION"})
    for occasion in occasions:
        for event in _events(occasion, occasion.cancelled):
            calendar.add_component(event)
    return str(calendar.to_ical().decode())


def _empty(method: Method) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Maillage//Agenda//FR")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(_PARIS)
    return calendar


def _events(occasion: Occasion, cancelled: bool) -> Iterable[Event]:
    slots = [*occasion.sessions, *occasion.former_sessions]
    for index, session in enumerate(slots):
        event = _event(occasion, index, session.title, cancelled or index >= len(occasion.sessions))
        event.add("dtstart", _told(session.starts_at))
        event.add("dtend", _told(session.ends_at))
        yield event
    for index, day in enumerate(() if slots else occasion.days):
        event = _event(occasion, index, None, cancelled)
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        yield event


def _told(moment: datetime) -> datetime:
    """On the clock of Paris, but in UTC for the hour that October has twice: the second one has no name there."""
    local = moment.astimezone(PARIS)
    return moment.astimezone(UTC) if local.fold else local


def _event(occasion: Occasion, index: int, session_title: str | None, cancelled: bool) -> Event:
    event = Event()
    event.add("uid", uid(occasion.id, index))
    event.add("sequence", occasion.sequence)
    event.add("dtstamp", now())
    event.add("summary", f"{occasion.title}\u00a0: {session_title}" if session_title else occasion.title)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("url", occasion.url)
    if occasion.location:
        event.add("location", vText(occasion.location))
    said = [part for part in (occasion.description, occasion.online_url, occasion.url) if part]
    event.add("description", "\n\n".join(said))
    if cancelled:
        event.add("transp", "TRANSPARENT")
    return event


def uid(gathering_id: str, index: int) -> str:
    """The first session has the gathering's UID, the next ones derive theirs from it; none ever changes."""
    return f"{gathering_id}@maillage" if index == 0 else f"{gathering_id}-{index + 1}@maillage"
