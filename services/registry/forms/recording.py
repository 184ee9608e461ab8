"""What is recorded from documents, by the team, or for the fictional season."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from services.registry.forms.listing import Needs, RequestListing
from shared.contracts.registry import WatchClass
from shared.web.fields import (
    CollegeCode,
    CommuneCode,
    Countries,
    DepartmentCode,
    EmptyIsAbsent,
    KindCode,
    Line,
    ListOf,
    Name,
    Rna,
    Sdgs,
    Siren,
    Siret,
    Summary,
    Text,
    Themes,
    Website,
    wrong,
)

GroupKind = Literal["country_group", "thematic_group", "community_of_practice", "other"]
GroupSlug = Annotated[str, Field(max_length=80, pattern=r"^[a-z0-9-]+$")]


def _distinct(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _a_day(value: date) -> date:
    if not 1900 <= value.year <= 2100:
        raise wrong("year", "Vérifiez l’année de cette date.")
    return value


Day = Annotated[date, AfterValidator(_a_day)]
Departments = Annotated[list[DepartmentCode], Field(max_length=101), ListOf, AfterValidator(_distinct)]


class RecordOrganisation(BaseModel):
    """An organisation read in a document: published where it is of the region, recorded only where it is not."""

    name: Name
    acronym: Annotated[Line | None, EmptyIsAbsent] = None
    college: Annotated[CollegeCode | None, EmptyIsAbsent] = None
    kind: Annotated[KindCode | None, EmptyIsAbsent] = None
    commune_code: Annotated[CommuneCode | None, EmptyIsAbsent] = None
    department: Annotated[DepartmentCode | None, EmptyIsAbsent] = None
    siren: Annotated[Siren | None, EmptyIsAbsent] = None
    siret: Annotated[Siret | None, EmptyIsAbsent] = None
    rna: Annotated[Rna | None, EmptyIsAbsent] = None
    website: Annotated[Website | None, EmptyIsAbsent] = None
    description: Annotated[Text | None, EmptyIsAbsent] = None
    themes: Themes = []
    sdgs: Sdgs = []
    countries: Countries = []
    within_region: Annotated[bool | None, EmptyIsAbsent] = None
    """Null where the document does not say."""
    status: Literal["published", "recorded"]
    source: Line
    source_lines: Annotated[Line | None, EmptyIsAbsent] = None
    occurred_on: Day
    note: Annotated[Text | None, EmptyIsAbsent] = None


class RecordGroup(BaseModel):
    """A country or thematic group, by its address."""

    name: Name
    slug: GroupSlug
    kind: GroupKind
    countries: Countries = []
    note: Annotated[Text | None, EmptyIsAbsent] = None
    source: Annotated[Line | None, EmptyIsAbsent] = None
    source_lines: Annotated[Line | None, EmptyIsAbsent] = None


class RecordWatchItem(BaseModel):
    """A news item, call or offer, with its link: the same address twice is one item."""

    watch_class: WatchClass
    title: Line
    url: Website
    summary: Annotated[Summary | None, EmptyIsAbsent] = None
    deadline: Annotated[Day | None, EmptyIsAbsent] = None
    departments: Departments = []
    themes: Themes = []
    countries: Countries = []


class PageToRead(BaseModel):
    """A page whose title is to be read."""

    url: Website


class RecordListing(RequestListing):
    """A structure of the fictional season: the public form, with the days on which things happened."""

    needs: Needs = []
    status: Literal["requested", "in_review", "information_asked", "published", "refused"]
    requested_on: Day
    published_on: Annotated[Day | None, EmptyIsAbsent] = None
    confirmed_on: Annotated[Day | None, EmptyIsAbsent] = None
    answer: Annotated[Summary | None, EmptyIsAbsent] = None
    """What the team asked, or why it refused."""
