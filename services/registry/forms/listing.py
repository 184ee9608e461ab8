"""Asking to be listed, and what the team answers."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from shared.web.fields import (
    CollegeCode,
    CommuneCode,
    Countries,
    CountryCode,
    DepartmentCode,
    Email,
    EmptyIsAbsent,
    KindCode,
    Line,
    ListOf,
    Name,
    RegionDepartmentCode,
    Rna,
    SdgNumber,
    Sdgs,
    Siren,
    Siret,
    Summary,
    ThemeCode,
    Themes,
    Topics,
    Website,
    wrong,
)

Need = Literal["support", "training", "resources", "partners"]


def _agreed(value: bool) -> bool:
    if not value:
        raise wrong("consent", "Sans votre accord, la fiche ne peut pas être publiée\u00a0: cochez cette case.")
    return value


def _distinct(values: list[Need]) -> list[Need]:
    return list(dict.fromkeys(values))


Needs = Annotated[list[Need], Field(max_length=4), ListOf, AfterValidator(_distinct)]


class RequestListing(BaseModel):
    """A structure says who it is, what it does and where, and asks to be in the directory."""

    name: Name
    acronym: Annotated[Annotated[Line, Field(max_length=40)] | None, EmptyIsAbsent] = None
    college: CollegeCode
    """What the structure says; the team confirms it."""
    kind: Annotated[KindCode | None, EmptyIsAbsent] = None
    commune_code: Annotated[CommuneCode | None, EmptyIsAbsent] = None
    department: Annotated[RegionDepartmentCode | None, EmptyIsAbsent] = None
    siren: Annotated[Siren | None, EmptyIsAbsent] = None
    siret: Annotated[Siret | None, EmptyIsAbsent] = None
    rna: Annotated[Rna | None, EmptyIsAbsent] = None
    website: Annotated[Website | None, EmptyIsAbsent] = None
    description: Summary
    themes: Annotated[Themes, Field(min_length=1)]
    sdgs: Annotated[Sdgs, Field(min_length=1)]
    countries: Countries = []
    needs: Needs = []
    contact_name: Name
    contact_role: Annotated[Line | None, EmptyIsAbsent] = None
    contact_email: Email
    consent_listing: Annotated[bool, AfterValidator(_agreed)]
    topics: Topics = []


class PublishRequest(BaseModel):
    """Publish a request: as a new sheet, or over the sheet of an organisation already known."""

    college: Annotated[CollegeCode | None, EmptyIsAbsent] = None
    organisation_id: Annotated[UUID | None, EmptyIsAbsent] = None


class RefuseRequest(BaseModel):
    """Refuse a request; the contact reads the reason."""

    reason: Summary


class AskInformation(BaseModel):
    """Ask the contact for more; they read the message and answer by their link."""

    message: Summary


class AnswerRequest(BaseModel):
    """What the contact answers when more was asked."""

    answer: Summary


class OrganisationsAsked(BaseModel):
    """A search of the directory; several values of one facet widen it, several facets narrow it."""

    q: Annotated[str, Field(max_length=200)] = ""
    college: Annotated[list[CollegeCode], ListOf, Field(max_length=5)] = []
    kind: Annotated[list[KindCode], ListOf, Field(max_length=20)] = []
    department: Annotated[list[DepartmentCode], ListOf, Field(max_length=101)] = []
    theme: Annotated[list[ThemeCode], ListOf, Field(max_length=24)] = []
    sdg: Annotated[list[SdgNumber], ListOf, Field(max_length=17)] = []
    country: Annotated[list[CountryCode], ListOf, Field(max_length=60)] = []
    sort: Literal["name", "newest"] = "name"
    cursor: Annotated[str, Field(max_length=400)] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
