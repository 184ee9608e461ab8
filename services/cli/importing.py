"""`maillage import`: files of rows, through the same rules as the forms."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services import reach
from services.examples.importing import Report
from services.examples.season import KINDS


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import")(import_file)


class What(StrEnum):
    """What a file holds."""

    groups = "groups"
    organisations = "organisations"
    gatherings = "gatherings"
    programmes = "programmes"
    figures = "figures"


def import_file(
    what: Annotated[What, typer.Argument(help="what the file holds")],
    file: Annotated[
        Path, typer.Argument(help="a CSV file in UTF-8, or an XLSX or ODS workbook; see examples/saison-2020")
    ],
) -> None:
    """Import a file: good rows are kept, bad ones are told, a second run changes nothing; no mail leaves."""
    kind = KINDS[what]

    async def work() -> Report:
        rows = kind.read(file)
        async with reach.database(kind.service) as db:
            return await kind.load(db, rows)

    report = reach.run(work())
    for fault in report.faults:
        typer.echo(fault, err=True)
    counts = ", ".join(f"{word} {n}" for word, n in sorted(report.done.items())) or "nothing"
    typer.echo(f"{what}: {counts}; refused {len(report.faults)}")
    if report.faults:
        raise typer.Exit(1)
