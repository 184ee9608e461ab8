"""The team writes a letter, approves it, tries it."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.web.fields import DepartmentCode, Email, EmptyIsAbsent, Line, Moment, Text, Topic

ItemKind = Literal["gathering", "watch", "organisation"]


class DraftCampaign(BaseModel):
    """The newsletter writes itself; a targeted letter starts from its subject and words."""

    kind: Literal["newsletter", "targeted"] = "newsletter"
    subject: Annotated[Line | None, EmptyIsAbsent] = None
    text: Annotated[Text | None, EmptyIsAbsent] = None
    topic: Annotated[Topic | None, EmptyIsAbsent] = None
    department: Annotated[DepartmentCode | None, EmptyIsAbsent] = None


class WriteCampaign(BaseModel):
    """Subject, words and readers of a draft."""

    subject: Line
    editorial: Annotated[Text | None, EmptyIsAbsent] = None
    department: Annotated[DepartmentCode | None, EmptyIsAbsent] = None


class ApproveCampaign(BaseModel):
    """When it leaves; now where nothing is said."""

    send_at: Annotated[Moment | None, EmptyIsAbsent] = None


class ChangeItem(BaseModel):
    """One item of a draft goes up, down, out or back."""

    item_kind: ItemKind
    item_id: UUID
    change: Literal["up", "down", "drop", "restore"]


class SendTest(BaseModel):
    """One copy to one address of the team."""

    email: Email


class CampaignsAsked(BaseModel):
    """Which page of the letters."""

    cursor: Annotated[UUID | None, EmptyIsAbsent] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Nothing(BaseModel):
    """One button: the request has no body."""
