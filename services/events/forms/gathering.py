"""Gatherings: created by the team, moved, cancelled, counted; and how the agenda is asked."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from shared.contracts.events import GatheringKind, Mode
from shared.web.fields import (
    Countries,
    DepartmentCode,
    EmptyIsAbsent,
    Line,
    Moment,
    Name,
    Text,
    ThemeCode,
    Themes,
    Website,
    wrong,
)

Slug = Annotated[str, Field(max_length=80, pattern=r"^[a-z0-9-]+$")]
Capacity = Annotated[int, Field(ge=1, le=100_000)]
"""Places, all modes together."""
MAX_SESSIONS = 50


class SessionAsked(BaseModel):
    """A slot: when it starts and ends, in Europe/Paris where no zone is written."""

    starts_at: Moment
    ends_at: Moment
    title: Annotated[Line | None, EmptyIsAbsent] = None

    @field_validator("ends_at")
    @classmethod
    def _ends_after(cls, end: datetime, info: ValidationInfo) -> datetime:
        start = info.data.get("starts_at")
        if start is not None and end <= start:
            raise wrong("ends_before", "La fin doit venir après le début.")
        return end


class ProgrammeItemAsked(BaseModel):
    """A line of the timetable."""

    starts_at: Moment
    ends_at: Annotated[Moment | None, EmptyIsAbsent] = None
    activity: Line
    speaker: Annotated[Line | None, EmptyIsAbsent] = None

    @field_validator("ends_at")
    @classmethod
    def _ends_after(cls, end: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get("starts_at")
        if end is not None and start is not None and end <= start:
            raise wrong("ends_before", "La fin doit venir après le début.")
        return end


Sessions = Annotated[list[SessionAsked], Field(min_length=1, max_length=MAX_SESSIONS)]
Programme = Annotated[list[ProgrammeItemAsked], Field(max_length=200)]


class CreateGathering(BaseModel):
    """A gathering as the team writes it: a draft until it is published."""

    title: Name
    kind: GatheringKind
    mode: Mode
    sessions: Sessions
    capacity: Annotated[Capacity | None, EmptyIsAbsent] = None
    place: Annotated[Line | None, EmptyIsAbsent] = None
    department: Annotated[DepartmentCode | None, EmptyIsAbsent] = None
    online_url: Annotated[Website | None, EmptyIsAbsent] = None
    programme: Programme | None = None
    group: Annotated[Slug | None, EmptyIsAbsent] = None
    themes: Themes | None = None
    countries: Countries | None = None
    description: Annotated[Text | None, EmptyIsAbsent] = None

    @field_validator("sessions")
    @classmethod
    def _in_order(cls, sessions: list[SessionAsked]) -> list[SessionAsked]:
        return sorted(sessions, key=lambda one: one.starts_at)


class RelocateGathering(BaseModel):
    """What changes of a published gathering: everyone registered is told."""

    mode: Annotated[Mode | None, EmptyIsAbsent] = None
    online_url: Annotated[Website | None, EmptyIsAbsent] = None
    place: Annotated[Line | None, EmptyIsAbsent] = None
    sessions: Annotated[list[SessionAsked], Field(max_length=MAX_SESSIONS)] | None = None
    """New dates; an empty list postpones to a date not known yet."""
    capacity: Annotated[Capacity | None, EmptyIsAbsent] = None
    reason: Annotated[Text | None, EmptyIsAbsent] = None
    undated: bool = False
    """Postponed to a date not known yet."""

    @field_validator("sessions")
    @classmethod
    def _in_order(cls, sessions: list[SessionAsked] | None) -> list[SessionAsked] | None:
        return sorted(sessions, key=lambda one: one.starts_at) if sessions else sessions


class CancelGathering(BaseModel):
    """Why it will not take place."""

    reason: Annotated[Text | None, EmptyIsAbsent] = None


class DeclareCount(BaseModel):
    """A head count without names behind it."""

    n: Annotated[int, Field(ge=0, le=1_000_000)]
    precision: Literal["exact", "about", "at_least"]
    what: Annotated[Literal["registered", "present"] | None, EmptyIsAbsent] = None


class GatheringsAsked(BaseModel):
    """Which gatherings of the agenda."""

    period: Literal["coming", "past"] = "coming"
    kind: Annotated[GatheringKind | None, EmptyIsAbsent] = None
    group: Annotated[Slug | None, EmptyIsAbsent] = None
    theme: Annotated[ThemeCode | None, EmptyIsAbsent] = None
    department: Annotated[DepartmentCode | None, EmptyIsAbsent] = None
    year: Annotated[Annotated[int, Field(ge=1900, le=2100)] | None, EmptyIsAbsent] = None
    cursor: Annotated[Annotated[str, Field(max_length=200)] | None, EmptyIsAbsent] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Nothing(BaseModel):
    """One button: the request has no body."""
