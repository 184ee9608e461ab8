"""What may be asked of the observatory."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from services.observatory.domain import FIRST_YEAR, LAST_YEAR
from services.observatory.indicators import INDICATORS
from shared.clock import today
from shared.web.fields import Countries, DepartmentCode, EmptyIsAbsent, Line, ListOf, Name, Text, Themes, wrong


def _coming(value: date) -> date:
    if value.year > LAST_YEAR:
        raise wrong("year", "Vérifiez l’année de cette date.")
    if value < today():
        raise wrong("past_day", "Choisissez un jour à venir\u00a0: passé ce jour, le tableau de bord se ferme.")
    return value


def _known_indicator(value: str) -> str:
    if value not in INDICATORS:
        raise wrong("unknown_indicator", "Cet indicateur n’existe pas\u00a0: choisissez-le dans la liste.")
    return value


def _distinct(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def next_year() -> date:
    """A year from today, less a day where the day does not exist."""
    day = today()
    return date(day.year + 1, day.month, min(day.day, 28))


Departments = Annotated[list[DepartmentCode], ListOf, Field(max_length=101), AfterValidator(_distinct)]


class CreateDashboard(BaseModel):
    """Give a partner a dashboard: its figures are limited to these filters, until this day included."""

    partner: Name
    departments: Departments = []
    themes: Themes = []
    countries: Countries = []
    expires_on: Annotated[date, AfterValidator(_coming)] = Field(default_factory=next_year)


class RevokeDashboard(BaseModel):
    """Close a partner's dashboard before its day."""


class RecordedPart(BaseModel):
    """A part of a published figure, as its document gives it."""

    label: Line
    value: Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False)]
    occurred_on: Annotated[date | None, EmptyIsAbsent] = None
    gathering_title: Annotated[Line | None, EmptyIsAbsent] = None
    note: Annotated[Text | None, EmptyIsAbsent] = None


class RecordFigure(BaseModel):
    """Keep a figure that a document printed, with its parts; it stands beside ours and is never added to it."""

    figure_id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,79}$")]
    indicator: Annotated[str, Field(max_length=80), AfterValidator(_known_indicator)]
    label: Line
    value: Annotated[float, Field(ge=0, le=1_000_000_000, allow_inf_nan=False)]
    unit: Line
    year: Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]
    source: Line
    source_lines: Annotated[Line | None, EmptyIsAbsent] = None
    parts: Annotated[list[RecordedPart], BeforeValidator(lambda value: value or []), Field(max_length=200)] = []

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_id(cls, values: Any) -> Any:
        """A file without the column says it in the id: `animation.participants` is about participants."""
        if isinstance(values, dict) and not values.get("indicator"):
            return values | {"indicator": str(values.get("figure_id", "")).rpartition(".")[2]}
        return values

    @model_validator(mode="after")
    def _parts_fit(self) -> "RecordFigure":
        if sum(part.value for part in self.parts) > self.value + 1e-6:
            raise wrong("parts_exceed", "Les parts dépassent le chiffre publié\u00a0: vérifiez leurs valeurs.")
        return self
