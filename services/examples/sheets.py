"""The first sheet of a workbook as rows of text, each cell as the same table saved in CSV would hold it."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

LARGEST_UNFOLDED = 500 * 1024 * 1024
"""Bytes of a workbook once unzipped: a small file may unfold into a huge one."""

Cell = int | float | str | bool | time | date | datetime | timedelta


class NotASheet(Exception):
    """The file cannot be read as a workbook; the message says why, in French."""


def sheet_rows(file: Path) -> Iterator[list[str]]:
    """Every row from the first, empty ones included, so that the n-th is the row n that people see."""
    try:
        with zipfile.ZipFile(file) as parts:
            if sum(part.file_size for part in parts.infolist()) > LARGEST_UNFOLDED:
                raise NotASheet("il se déplie à plus de 500 Mo")
        with CalamineWorkbook.from_path(str(file)) as book:
            if not book.sheet_names:
                raise NotASheet("il n’a pas de feuille")
            rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, zipfile.BadZipFile) as error:
        raise NotASheet("son contenu n’est pas celui d’un classeur") from error
    for row in rows:
        yield [said(cell) for cell in row]


def said(cell: Cell) -> str:
    """A number without its false decimals, a day as ISO says it, the rest as it reads."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return (cell if cell.time() != time() else cell.date()).isoformat()
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return str(cell)
