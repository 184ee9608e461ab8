"""What the observatory says: figures published elsewhere, partners' dashboards."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.base import Fact
from shared.contracts.erasure import AbstractPersonErased


class FigurePart(BaseModel):
    """A published figure's part, as its document gives it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    value: float
    occurred_on: date | None = None
    gathering_title: str | None = None
    """The imported gathering that this part is about, where it is one."""


class FigurePublished(Fact):
    """A figure was printed in a document; it stands beside ours, with its parts, and is never added to it."""

    service: ClassVar[str] = "observatory"

    figure_id: str
    indicator: str
    label: str
    value: float
    unit: str
    year: int
    source: str
    parts: list[FigurePart] = []
    note: str | None = None


class DashboardCreated(Fact):
    """A partner was given a dashboard; the key itself is never on the bus."""

    service: ClassVar[str] = "observatory"

    dashboard_id: UUID
    partner: str
    departments: list[str] = []
    themes: list[str] = []
    countries: list[str] = []
    expires_on: date


class DashboardRevoked(Fact):
    """A partner's dashboard was closed before its day."""

    service: ClassVar[str] = "observatory"

    dashboard_id: UUID


class ObservatoryPersonErased(AbstractPersonErased):
    """The observatory holds nothing of an erased person any more."""

    service: ClassVar[str] = "observatory"
