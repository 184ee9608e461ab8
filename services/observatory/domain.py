"""What a figure is: which facts it counts, cut by what, within which limits; and what is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from shared import reference
from shared.errors import NotFound, Refusal
from shared.web import format
from shared.web.i18n import _, language

Dimension = Literal["college", "department", "month", "sdg", "country"]
Filter = Literal["department", "theme", "country"]
FIRST_YEAR, LAST_YEAR = 1900, 2100
SMALL = 10
"""Under this many rows no headline states a tendency."""

CUTS: Mapping[Dimension, str] = {
    "college": _("collège"),
    "department": _("département"),
    "month": _("mois"),
    "sdg": _("objectif de développement durable"),
    "country": _("pays"),
}


class UnknownIndicator(NotFound):
    """Cet indicateur n’existe pas."""


class UnknownFigure(NotFound):
    """Ce chiffre publié n’existe pas."""


class UnknownDashboard(NotFound):
    """Cette adresse ne correspond à aucun tableau de bord. Demandez au réseau l’adresse qui vous est destinée."""


class DashboardClosed(Refusal):
    """Ce tableau de bord n’est plus ouvert. Demandez au réseau une nouvelle adresse."""

    status = 410


class CannotCut(Refusal):
    """Ce chiffre ne peut pas être découpé ainsi."""

    status = 422
    field = "by"


class UnknownCursor(Refusal):
    """Cette page de la liste n’existe pas. Revenez au début de la liste."""

    status = 422
    field = "cursor"


class ReplayUnderWay(Refusal):
    """Une reconstruction est déjà en cours. Attendez qu’elle se termine."""


class ReplayIncomplete(Refusal):
    """Le flux ne porte pas tous les faits déjà comptés. Rien n’a changé. Lancez d’abord maillage republish."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a figure is limited to: a year, and a partner's filters set on the server. Empty is no limit."""

    year: int | None = None
    departments: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[int | None, list[str] | None, list[str] | None, list[str] | None]:
        """The four parameters every indicator's SQL takes, in their order."""
        return (self.year, list(self.departments) or None, list(self.themes) or None, list(self.countries) or None)

    @property
    def filters(self) -> frozenset[Filter]:
        """The filters in force; an indicator that does not know one of them is not shown."""
        named: dict[Filter, tuple[str, ...]] = {
            "department": self.departments,
            "theme": self.themes,
            "country": self.countries,
        }
        return frozenset(name for name, chosen in named.items() if chosen)


@dataclass(frozen=True, slots=True)
class Slice:
    """One line of a cut: the code, null where the facts do not say, and how it reads."""

    key: str | None
    label: str
    value: int


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a figure, or of what stands apart from it, with the sentence that says why."""

    code: str
    sentence: str
    value: int
    n: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, never without its definition, its day and its n."""

    value: int
    n: int
    as_of: date
    fictional: int = 0
    """How many of the rows counted belong to the demonstration."""
    by: Sequence[Slice] | None = None
    made_of: Sequence[Share] = ()
    apart: Sequence[Share] = ()


@dataclass(frozen=True, slots=True)
class FactBehind:
    """One row behind a figure, or one that is not counted, with why."""

    id: UUID
    label: str
    path: str | None
    day: date
    department: str | None
    value: int | None
    why: str | None
    note: str | None
    fictional: bool

    @property
    def place(self) -> str:
        """The department, by its name."""
        return label_of("department", self.department)


@dataclass(frozen=True, slots=True)
class Page:
    """Where a list of facts goes on: after this day and id, newest first."""

    after_day: date | None = None
    after_id: UUID | None = None
    limit: int = 50

    @classmethod
    def after(cls, cursor: str | None, limit: int = 50) -> "Page":
        """The page a cursor (`2020-06-18_<id>`) names. Raises UnknownCursor."""
        if not cursor:
            return cls(limit=limit)
        day, _sign, identity = cursor.partition("_")
        try:
            return cls(date.fromisoformat(day), UUID(identity), limit)
        except ValueError:
            raise UnknownCursor() from None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a published figure beside what our own facts say of the same gathering."""

    label: str
    value: float
    occurred_on: date | None
    note: str | None = None
    path: str | None = None
    title: str | None = None
    ours: int | None = None
    precision: str | None = None
    what: str | None = None

    @property
    def counted(self) -> int:
        """What our indicator counts of it."""
        return 0 if self.ours is None or self.what == "registered" else self.ours


@dataclass(frozen=True, slots=True)
class Comparison:
    """A published figure and ours, and the sentences that lead from one to the other."""

    published: float
    ours: int
    parts: Sequence[Part] = ()
    steps: Sequence[tuple[str, float]] = field(default_factory=tuple)


def label_of(by: Dimension, key: str | None) -> str:
    """How the key of a cut reads, in the reader's language."""
    if key is None:
        return format.unknown()
    lang = language.get()
    if by == "month":
        return format.month(key)
    if by == "sdg":
        goal = reference.sdg(int(key))
        return f"{_('ODD')} {key}, {goal.label(lang)}" if goal else key
    found = {"college": reference.college, "department": reference.department, "country": reference.country}[by](key)
    if found is None:
        return key
    return f"{found.label(lang)} ({key})" if by == "department" else found.label(lang)


def compared(parts: Sequence[Part], published: float, ours: int) -> Comparison:
    """Lead from the published figure to ours, each difference with its sentence; the steps always add up."""
    undated = sum(part.value for part in parts if part.ours is None)
    registered = sum(part.value for part in parts if part.ours is not None and part.what == "registered")
    counted = [part for part in parts if part.ours is not None and part.what != "registered"]
    moved = sum(part.counted - part.value for part in counted)
    unlisted = published - sum(part.value for part in parts)
    elsewhere = ours - sum(part.counted for part in counted)
    steps = [
        (_("Publié sans que ses parts soient listées"), -unlisted),
        (
            _("Parts sans rencontre datée dans la saison\u00a0: leur effectif est connu, leur date ne l’est pas"),
            -undated,
        ),
        (
            _("Rencontres dont la source ne donne que des inscrits\u00a0: une inscription n’est pas une présence"),
            -registered,
        ),
        (_("Effectifs que la saison donne autrement"), moved),
        (_("Autres rencontres de l’année, que le chiffre publié ne compte pas"), elsewhere),
    ]
    return Comparison(published, ours, parts, tuple((why, by) for why, by in steps if by))
