"""Files of rows read through the commands: each row in a transaction of its own, each bad one with its sentence."""

import csv
import io
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.db import Database, Tx
from shared.errors import Invalid, Refusal
from shared.web.forms import errors_by_field

Command = Callable[[Any, Tx], Awaitable[str]]
"""A command that records one form and says `recorded`, `corrected` or `unchanged`."""
Shape = Callable[[dict[str, Any]], BaseModel]

LARGEST_FILE = 50 * 1024 * 1024


class UnreadableFile(Refusal):
    """Ce fichier n’est pas un tableau CSV lisible."""

    status = 422


@dataclass(slots=True)
class Row:
    """A row, or several that make one thing, with the line of the file it starts on."""

    line: int
    values: dict[str, Any]


@dataclass(slots=True)
class Report:
    """What an import did, and what it could not."""

    done: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def refuse(self, row: Row, errors: dict[str, str]) -> None:
        """Keep the sentences of a bad row."""
        self.faults += [
            f"ligne {row.line}, {path}\u00a0: {sentence}" if path else f"ligne {row.line}\u00a0: {sentence}"
            for path, sentence in errors.items()
        ]


def read_csv(file: Path, needed: Iterable[str]) -> list[Row]:
    """The rows of a UTF-8 file whose header has the `needed` columns; an empty cell is an absent one."""
    if not file.is_file():
        raise UnreadableFile(f"Le fichier {file} n’existe pas.")
    if file.stat().st_size > LARGEST_FILE:
        raise UnreadableFile(f"Le fichier {file.name} est trop gros\u00a0: 50 Mo au plus.")
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableFile(f"Le fichier {file.name} n’est pas en UTF-8\u00a0: enregistrez-le ainsi.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        missing = set(needed) - set(reader.fieldnames or ())
        if missing:
            raise UnreadableFile(f"Il manque au fichier {file.name} les colonnes\u00a0: {', '.join(sorted(missing))}.")
        return [
            Row(reader.line_num, {name: cell for name, cell in row.items() if name and cell not in ("", None)})
            for row in reader
        ]
    except csv.Error as error:
        raise UnreadableFile(f"Le fichier {file.name} n’est pas un CSV lisible\u00a0: {error}.") from None


def gathered(rows: Iterable[Row], key: tuple[str, ...], into: str, item: dict[str, str]) -> Iterator[Row]:
    """Rows that share `key` become one, whose list `into` has an item a row; `item` maps its fields to columns."""
    made: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        one = made.setdefault(tuple(row.values.get(name) for name in key), Row(row.line, dict(row.values)))
        items = one.values.setdefault(into, [])
        items.append({name: row.values[column] for name, column in item.items() if column in row.values})
    yield from made.values()


async def import_rows(
    db: Database, rows: Iterable[Row], shape: Shape, command: Command, told: Callable[[], None] = lambda: None
) -> Report:
    """Record every row that can be; the others are told, one sentence each. A second run changes nothing."""
    report = Report()
    for row in rows:
        try:
            form = shape(row.values)
            async with db.transaction() as tx:
                report.done[await command(form, tx)] += 1
        except ValidationError as error:
            report.refuse(row, errors_by_field(error))
        except Invalid as refusal:
            report.refuse(row, refusal.errors)
        except Refusal as refusal:
            report.refuse(row, {refusal.field or "": refusal.sentence})
        told()
    return report
