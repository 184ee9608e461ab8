"""Somebody registers."""

from typing import Annotated, Literal

from pydantic import BaseModel

from shared.web.fields import CountryCode, DepartmentCode, Email, EmptyIsAbsent, Line, Name


class RegisterPerson(BaseModel):
    """Who comes, from where, and how where the gathering leaves the choice."""

    name: Name
    email: Email
    organisation: Annotated[Line | None, EmptyIsAbsent] = None
    department: Annotated[DepartmentCode | None, EmptyIsAbsent] = None
    country: Annotated[CountryCode | None, EmptyIsAbsent] = None
    mode: Annotated[Literal["in_person", "online"] | None, EmptyIsAbsent] = None
