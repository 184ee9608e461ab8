"""Somebody asks for letters, or changes what they receive."""

from typing import Annotated

from pydantic import BaseModel

from shared.web.fields import DepartmentCode, Email, EmptyIsAbsent, Line, Topics


class AskSubscription(BaseModel):
    """An address, and which letters; none is the newsletter."""

    email: Email
    topics: Topics = []
    department: Annotated[DepartmentCode | None, EmptyIsAbsent] = None


class ChooseLetters(BaseModel):
    """Which letters from now on; none is leaving all."""

    topics: Topics = []
    department: Annotated[DepartmentCode | None, EmptyIsAbsent] = None


class RecordSubscriber(BaseModel):
    """A subscription whose consent was given before: no mail leaves for it."""

    email: Email
    topics: Topics = []
    department: Annotated[DepartmentCode | None, EmptyIsAbsent] = None
    proof: Line = "Abonnement repris d’une liste antérieure."
    demonstration: bool = False
