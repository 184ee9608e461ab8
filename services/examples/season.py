"""The season of 2020 and any file of its form: which columns, which form, which command, whose database."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from services.events import commands as events
from services.events.forms import RecordGathering, RecordProgramme
from services.examples.importing import Command, Report, Row, Shape, gathered, import_rows, one_by_one, read_table
from services.observatory.commands import record_figure
from services.observatory.forms import RecordFigure
from services.registry.commands import record_group, record_organisations
from services.registry.forms import RecordGroup, RecordOrganisation
from shared.db import Database

SEASON = Path(__file__).parents[2] / "examples" / "saison-2020"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that can be imported."""

    service: str
    shape: Shape
    command: Command
    needed: tuple[str, ...]
    lists: tuple[str, ...] = ()
    together: Callable[[Iterable[Row]], Iterable[Row]] = field(default=lambda rows: rows)

    def read(self, file: Path) -> list[Row]:
        """The rows of a file of this kind, lists split at their semicolons."""
        rows = read_table(file, self.needed)
        for row in rows:
            for name in self.lists:
                if name in row.values:
                    row.values[name] = [one.strip() for one in row.values[name].split(";") if one.strip()]
        return list(self.together(rows))

    async def load(self, db: Database, rows: list[Row], told: Callable[[], None] = lambda: None) -> Report:
        """Record the rows."""
        return await import_rows(db, rows, self.shape, self.command, told)


def _shape(model: type[BaseModel]) -> Shape:
    def read(values: dict[str, Any]) -> BaseModel:
        return model.model_validate(values)

    return read


def _programmes(rows: Iterable[Row]) -> Iterable[Row]:
    names = ("starts_at", "ends_at", "activity", "speaker")
    return gathered(rows, ("gathering_title", "date", "source"), "items", {name: name for name in names})


def _figures(rows: Iterable[Row]) -> Iterable[Row]:
    parts = {
        "label": "part_label",
        "value": "part_value",
        "occurred_on": "part_date",
        "gathering_title": "part_gathering_title",
        "note": "note",
    }
    return gathered(rows, ("figure_id",), "parts", parts)


KINDS: dict[str, Kind] = {
    "groups": Kind("registry", _shape(RecordGroup), one_by_one(record_group), ("name", "slug", "kind"), ("countries",)),
    "organisations": Kind(
        "registry",
        _shape(RecordOrganisation),
        record_organisations,
        ("name", "status", "source"),
        ("themes", "sdgs", "countries"),
    ),
    "gatherings": Kind(
        "events",
        _shape(RecordGathering),
        one_by_one(events.record_gathering),
        ("title", "kind", "date", "status", "source"),
    ),
    "programmes": Kind(
        "events",
        _shape(RecordProgramme),
        one_by_one(events.record_programme),
        ("gathering_title", "date", "source", "starts_at", "activity"),
        together=_programmes,
    ),
    "figures": Kind(
        "observatory",
        _shape(RecordFigure),
        one_by_one(record_figure),
        ("figure_id", "label", "value", "unit", "year", "source", "part_label", "part_value"),
        together=_figures,
    ),
}
"""In the order in which a season is loaded: groups before the gatherings that name them."""
