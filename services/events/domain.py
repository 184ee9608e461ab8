"""What a gathering is and its rules: pure, and refusals that carry their sentence."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, Self
from uuid import UUID

from shared.clock import PARIS, as_utc, in_paris
from shared.contracts.events import GatheringKind, Mode
from shared.errors import Invalid, NotFound, Refusal
from shared.reference import communes_named, departments, fold

RESERVED_SLUGS = {"equipe", "inscription", "groupe", "flux"}

Status = Literal["draft", "published", "cancelled", "postponed", "held"]
Role = Literal["organiser", "speaker", "attendee"]
DatePrecision = Literal["time", "day", "month"]


class UnknownGathering(NotFound):
    """Cet événement n’existe pas ou n’est pas en ligne."""


class UnknownRegistration(NotFound):
    """Cette inscription n’existe pas ou n’existe plus."""


class NotOpen(Refusal):
    """Les inscriptions à cet événement ne sont pas ouvertes."""


class GatheringPast(Refusal):
    """Cet événement est passé : les inscriptions sont closes."""


class GatheringWasCancelled(Refusal):
    """Cet événement est annulé : les inscriptions sont closes."""


class GatheringWithoutDate(Refusal):
    """Cet événement est reporté : les inscriptions reprendront quand la nouvelle date sera connue."""


class RegistrationOvertaken(Refusal):
    """Une autre demande est arrivée au même instant. Renvoyez la vôtre."""

    status = 503


class NotADraft(Refusal):
    """Seul un brouillon se modifie ainsi. Pour un événement publié, déplacez-le ou annulez-le."""


class NotPublishable(Refusal):
    """Cet événement n’est plus un brouillon : il ne peut pas être publié."""


class NotMovable(Refusal):
    """Seul un événement publié ou reporté peut être déplacé."""


class NotCancellable(Refusal):
    """Seul un événement publié ou reporté peut être annulé."""


class FewerPlacesThanPeople(Refusal):
    """Plus de personnes que cela ont déjà une place."""

    field = "capacity"


class NotYetHeld(Refusal):
    """Cet événement n’a pas encore eu lieu : comptez les présents après."""

    field = "what"


class NothingChanges(Invalid):
    """Indiquez ce qui change."""

    def __init__(self) -> None:
        super().__init__({"": "Indiquez ce qui change\u00a0: la date, le lieu, le mode, l’adresse ou les places."})


class UnknownGroup(Invalid):
    """Ce groupe n’existe pas."""

    def __init__(self) -> None:
        super().__init__({"group": "Ce groupe n’existe pas\u00a0: choisissez-le dans la liste."})


@dataclass(frozen=True, slots=True)
class Session:
    """A dated slot, in UTC."""

    starts_at: datetime
    ends_at: datetime
    title: str | None = None

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self:
        return cls(
            datetime.fromisoformat(kept["starts_at"]), datetime.fromisoformat(kept["ends_at"]), kept.get("title")
        )


@dataclass(frozen=True, slots=True)
class ProgrammeItem:
    """A line of the timetable."""

    starts_at: datetime
    ends_at: datetime | None
    activity: str
    speaker: str | None = None

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Self:
        end = kept.get("ends_at")
        return cls(
            datetime.fromisoformat(kept["starts_at"]),
            datetime.fromisoformat(end) if end else None,
            kept["activity"],
            kept.get("speaker"),
        )


@dataclass(frozen=True, slots=True)
class Gathering:
    """A gathering as its row tells it."""

    id: UUID
    slug: str
    version: int
    sequence: int
    status: Status
    title: str
    kind: GatheringKind
    mode: Mode | None
    role: Role | None
    date_precision: DatePrecision
    days: tuple[date, ...]
    sessions: tuple[Session, ...]
    former_sessions: tuple[Session, ...]
    programme: tuple[ProgrammeItem, ...]
    first_day: date
    starts_at: datetime
    ends_at: datetime
    place: str | None
    department: str | None
    online_url: str | None
    group_slug: str | None
    themes: tuple[str, ...]
    countries: tuple[str, ...]
    description: str | None
    capacity: int | None
    confirmed_count: int
    waiting_count: int
    declared_counts: tuple[dict[str, Any], ...]
    structures_count: int | None
    very_satisfied_percent: int | None
    satisfied_percent: int | None
    source: str | None
    note: str | None
    reason: str | None
    demonstration: bool
    published_at: datetime | None

    @classmethod
    def of(cls, row: Any) -> Self:
        kept: dict[str, Any] = {name: row[name] for name in cls.__slots__}
        for name in ("days", "themes", "countries", "declared_counts"):
            kept[name] = tuple(kept[name])
        for name in ("sessions", "former_sessions"):
            kept[name] = tuple(Session.of(one) for one in kept[name])
        kept["programme"] = tuple(ProgrammeItem.of(one) for one in kept["programme"])
        return cls(**kept)

    @property
    def places_left(self) -> int | None:
        """None where there is no limit."""
        return None if self.capacity is None else max(0, self.capacity - self.confirmed_count)

    @property
    def undecided(self) -> bool:
        """Postponed, and its new date not known."""
        return self.status == "postponed"

    def is_past(self, moment: datetime) -> bool:
        return self.ends_at <= moment

    def is_open(self, moment: datetime) -> bool:
        """Whether one may register."""
        return self.status == "published" and not self.is_past(moment)


def refuse_closed(gathering: Gathering, moment: datetime) -> None:
    """Raise the sentence that says why one cannot register."""
    if gathering.status == "draft":
        raise NotOpen()
    if gathering.status == "cancelled":
        raise GatheringWasCancelled()
    if gathering.is_past(moment) or gathering.status == "held":
        raise GatheringPast()
    if gathering.status == "postponed":
        raise GatheringWithoutDate()


def refuse_unpublishable(gathering: Gathering) -> None:
    """Only a draft is published; its place may be told later."""
    if gathering.status != "draft":
        raise NotPublishable()


def slug_of(title: str) -> str:
    """The word of an address that a title gives: `financer-un-projet-d-acces-a-l-eau`, 80 characters at most."""
    slug = re.sub(r"[^a-z0-9]+", "-", fold(title))[:80].strip("-")
    return slug or "evenement"


def slugs_of(title: str, day: date) -> list[str]:
    """Addresses to try in turn: the title, with its year, with its day, then with a number."""
    base = slug_of(title)
    tried = [base] if base not in RESERVED_SLUGS else []
    return [*tried, f"{base}-{day:%Y}", f"{base}-{day:%Y-%m-%d}", *(f"{base}-{day:%Y}-{n}" for n in range(2, 1_000))]


def department_of(place: str | None) -> str | None:
    """The department that a place names by commune or number: « Salle des Tilleuls, Poitiers », « Melle (79) »."""
    if not place:
        return None
    number = re.search(r"\((\d{2,3}|2[AB])\)", place)
    if number and number[1] in {one.code for one in departments()}:
        return number[1]
    city = fold(re.split(r"[,–(]", place)[-1])
    if not city:
        return None
    found = {one.department for one in communes_named(city, 20) if fold(one.name) == city}
    return found.pop() if len(found) == 1 else None


def midnight(day: date) -> datetime:
    """The first moment of a day in Paris, in UTC."""
    return as_utc(datetime(day.year, day.month, day.day))


def month_after(day: date) -> date:
    """The first day of the next month."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def paris_day(moment: datetime) -> date:
    """The day it is in Paris at that moment."""
    return in_paris(moment).astimezone(PARIS).date()
