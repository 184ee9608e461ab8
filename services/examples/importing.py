"""Files of rows read through the commands: some in a transaction together, each bad one with its sentence."""

import csv
import io
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from services.examples.sheets import NotASheet, sheet_rows
from shared.db import Database, Tx
from shared.errors import Invalid, Refusal
from shared.web.forms import errors_by_field

Command = Callable[[list[Any], Tx], Awaitable[Sequence[str]]]
"""A command that records several forms or none, and says `recorded`, `corrected` or `unchanged` of each."""
Shape = Callable[[dict[str, Any]], BaseModel]

LARGEST_FILE = 50 * 1024 * 1024
WORKBOOKS = (".xlsx", ".ods")
TOGETHER = 500
"""Rows of one transaction, which a command may take in a few statements."""


class UnreadableFile(Refusal):
    """Ce fichier n’est pas un tableau lisible."""

    status = 422


@dataclass(slots=True)
class Row:
    """A row, or several that make one thing, with the line of the file it starts on."""

    line: int
    values: dict[str, Any]


Refused = tuple[Row, dict[str, str]]
"""A row that was not kept, and the sentence of each of its fields."""


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


def read_table(file: Path, needed: Iterable[str]) -> list[Row]:
    """The rows of a file whose header has the `needed` columns; an empty cell is an absent one."""
    if not file.is_file():
        raise UnreadableFile(f"Le fichier {file} n’existe pas.")
    if file.stat().st_size > LARGEST_FILE:
        raise UnreadableFile(f"Le fichier {file.name} est trop gros\u00a0: 50 Mo au plus.")
    lines = _of_workbook(file) if file.suffix.lower() in WORKBOOKS else _of_csv(file)
    _line, header = next(lines, (0, []))
    missing = set(needed) - set(header)
    if missing:
        raise UnreadableFile(f"Il manque au fichier {file.name} les colonnes\u00a0: {', '.join(sorted(missing))}.")
    return [
        Row(line, {name: cell for name, cell in zip(header, cells, strict=False) if name and cell != ""})
        for line, cells in lines
        if any(cells)
    ]


def _of_csv(file: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableFile(f"Le fichier {file.name} n’est pas en UTF-8\u00a0: enregistrez-le ainsi.") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise UnreadableFile(f"Le fichier {file.name} n’est pas un CSV lisible\u00a0: {error}.") from None


def _of_workbook(file: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from enumerate(sheet_rows(file), 1)
    except NotASheet as error:
        raise UnreadableFile(f"Le fichier {file.name} n’est pas un classeur lisible\u00a0: {error}.") from None


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
    waiting = iter(rows)
    while batch := list(islice(waiting, TOGETHER)):
        readable: list[tuple[Row, BaseModel]] = []
        refused: list[Refused] = []
        for row in batch:
            try:
                readable.append((row, shape(row.values)))
            except ValidationError as error:
                refused.append((row, errors_by_field(error)))
        refused += await _record(db, readable, command, report.done)
        for row, errors in sorted(refused, key=lambda one: one[0].line):
            report.refuse(row, errors)
        for _ in batch:
            told()
    return report


async def _record(
    db: Database, readable: list[tuple[Row, BaseModel]], command: Command, done: Counter[str]
) -> list[Refused]:
    """All in one transaction; where one is refused, each half in its own, so that the good ones are kept."""
    if not readable:
        return []
    try:
        async with db.transaction() as tx:
            words = await command([form for _row, form in readable], tx)
    except Refusal as refusal:
        if len(readable) == 1:
            errors = refusal.errors if isinstance(refusal, Invalid) else {refusal.field or "": refusal.sentence}
            return [(readable[0][0], errors)]
        half = len(readable) // 2
        return [
            *await _record(db, readable[:half], command, done),
            *await _record(db, readable[half:], command, done),
        ]
    done.update(words)
    return []


def one_by_one(command: Callable[[Any, Tx], Awaitable[str]]) -> Command:
    """A command of one form as a command of several."""

    async def each(forms: list[Any], tx: Tx) -> list[str]:
        return [await command(form, tx) for form in forms]

    return each
