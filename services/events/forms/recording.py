"""Gatherings read in a document, with the columns of `examples/saison-2020`; what it does not say stays null."""

import datetime as dt
import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationInfo, field_validator

from services.events.forms.gathering import Slug
from shared.contracts.events import GatheringKind, Mode
from shared.web.fields import Countries, EmptyIsAbsent, Line, Name, Text, Themes, wrong

_DAY = re.compile(r"(19|20)\d\d-\d\d-\d\d")
_MONTH = re.compile(r"(19|20)\d\d-(0[1-9]|1[0-2])")


def _cell(value: Any) -> Any:
    """A cell holds a list written with semicolons."""
    return [one.strip() for one in value.split(";") if one.strip()] if isinstance(value, str) else value


Cell = BeforeValidator(_cell)
Count = Annotated[Annotated[int, Field(ge=0, le=1_000_000)] | None, EmptyIsAbsent]
Percent = Annotated[Annotated[int, Field(ge=0, le=100)] | None, EmptyIsAbsent]


class RecordGathering(BaseModel):
    """A past gathering as a document tells it: known again by its title, its date and its source."""

    title: Name
    kind: GatheringKind
    date: Annotated[str, Field(max_length=10)]
    """A day (2020-03-12), or a month (2020-06) where the document says no more."""
    sessions: Annotated[list[dt.date], Cell, Field(max_length=50)] = []
    mode: Annotated[Mode | None, EmptyIsAbsent] = None
    place: Annotated[Line | None, EmptyIsAbsent] = None
    role: Annotated[Literal["organiser", "speaker", "attendee"] | None, EmptyIsAbsent] = None
    status: Literal["held", "cancelled", "postponed"]
    group: Annotated[Slug | None, EmptyIsAbsent] = None
    countries: Annotated[Countries, Cell] = []
    themes: Annotated[Themes, Cell] = []
    declared_count: Count = None
    declared_precision: Annotated[Literal["exact", "about", "at_least"] | None, EmptyIsAbsent] = None
    declared_what: Annotated[Literal["registered", "present"] | None, EmptyIsAbsent] = None
    structures_count: Count = None
    very_satisfied_pct: Percent = None
    satisfied_pct: Percent = None
    note: Annotated[Text | None, EmptyIsAbsent] = None
    source: Line
    source_lines: Annotated[Line | None, EmptyIsAbsent] = None

    @field_validator("date")
    @classmethod
    def _day_or_month(cls, value: str) -> str:
        try:
            if _MONTH.fullmatch(value) or (_DAY.fullmatch(value) and dt.date.fromisoformat(value)):
                return value
        except ValueError:
            pass
        raise wrong("day_or_month", "Écrivez un jour, par exemple 2020-03-12, ou un mois\u00a0: 2020-06.")

    @field_validator("declared_precision")
    @classmethod
    def _said_of_a_count(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("declared_count") is not None:
            raise wrong("precision", "Dites si l’effectif est exact, environ (about) ou au moins (at_least).")
        return value

    @property
    def first_day(self) -> dt.date:
        """The day, or the first of the month."""
        return dt.date.fromisoformat(self.date if len(self.date) == 10 else f"{self.date}-01")


class RecordProgrammeItem(BaseModel):
    """A line of the timetable, on the clock of Paris."""

    starts_at: dt.time
    ends_at: Annotated[dt.time | None, EmptyIsAbsent] = None
    activity: Line
    speaker: Annotated[Line | None, EmptyIsAbsent] = None


class RecordProgramme(BaseModel):
    """The timetable of a gathering read in a document, named by its title and its day."""

    gathering_title: Name
    date: dt.date
    source: Line
    items: Annotated[list[RecordProgrammeItem], Field(min_length=1, max_length=200)]
