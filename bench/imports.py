"""`import`: 10,000 rows by `maillage import organisations FILE`, from CSV and from XLSX, and the same file again.

The limit reads the same file, validates each row by the same model and puts the rows in by COPY.
"""

import csv
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table

from bench.facts import COUNTRIES, DEPARTMENTS, must
from bench.house import House, last_words
from bench.measure import Line, console, throughput
from bench.sizes import size_of
from bench.workbook import write_workbook
from services.examples.season import KINDS

HEADER = ["name", "status", "source", "occurred_on", "college", "department", "description", "themes", "sdgs"]
HEADER += ["countries", "siren"]
BAD = 100
"""One row in as many has a wrong SIREN: it must be told with its line, and the others kept."""


async def run(house: House) -> tuple[RenderableType, list[Line]]:
    """Each kind of file once, then once more; what was refused and what was kept is looked at."""
    size = size_of("import")
    lines, told = [], []
    table = Table(title="import: rows of a file through the commands", title_justify="left")
    for name in ("case", "rows", "ours s", "limit s", "ours /s", "ratio"):
        table.add_column(name, justify="left" if name == "case" else "right")
    with tempfile.TemporaryDirectory(prefix="maillage-import-") as folder:
        for kind in ("csv", "xlsx"):
            file = Path(folder) / f"organisations.{kind}"
            rows = _rows(size, kind)
            _write(file, rows)
            before = await _known(house)
            house.pause("events", "mailing", "observatory")
            try:
                ours = await _imported(house, file, kind)
                again = await _imported(house, file, f"{kind} again")
                house.pause("registry")
                limit = await _copied(house, file)
            finally:
                house.resume()
            kept = size - len(range(BAD - 1, size, BAD))
            found = await _known(house) - before
            must(found == kept, f"import {kind}: {kept} good rows, {found} structures more")
            _told(house, kind, kept, size)
            for case, seconds in ((kind, ours), (f"{kind} again", again)):
                lines.append(throughput("import", case, size, seconds, limit, house.rss_mib()))
                figures = (f"{seconds:.1f}", f"{limit:.2f}", f"{size / seconds:.0f}", f"{lines[-1].ratio:g}")
                table.add_row(case, str(size), *figures)
                console.print(f"  import {case}: {seconds:.1f} s of {limit:.2f} s", style="dim")
            told.append(f"{kind}: {found} structures and their facts, {size - kept} rows refused with their line")
    return Group(table, *told), lines


def _rows(count: int, kind: str) -> list[Sequence[str | float | date]]:
    """Believable structures; the name says the kind of file, so that no two files hold the same."""
    made: list[Sequence[str | float | date]] = []
    for number in range(count):
        wrong = number % BAD == BAD - 1
        day = date(2020, 1 + number % 12, 1 + number % 28)
        made.append(
            (
                f"Comité {kind} {number} pour l’eau",
                "published",
                f"Fichier {kind}",
                day if kind == "xlsx" else day.isoformat(),
                "associations",
                DEPARTMENTS[number % 12],
                "Nous accompagnons une commune dans l’accès à l’eau potable : forages, bornes fontaines, comités.",
                "eau-assainissement-hygiene",
                f"6;{1 + number % 5}",
                f"{COUNTRIES[number % 8]}",
                "732829321" if wrong else "",
            )
        )
    return made


def _write(file: Path, rows: list[Sequence[str | float | date]]) -> None:
    if file.suffix == ".xlsx":
        write_workbook(file, [HEADER, *rows])
        return
    with file.open("w", encoding="utf-8", newline="") as output:
        csv.writer(output).writerows([HEADER, *rows])


async def _imported(house: House, file: Path, log: str) -> float:
    """Seconds of the whole command, its start included; it ends with 1 because some rows are refused."""
    environment = house.environment("registry")
    started = time.perf_counter()
    child = await house.child(
        str(house.command), "import", "organisations", str(file), log=f"import-{log}", environment=environment
    )
    code = await child.wait()
    seconds = time.perf_counter() - started
    must(code == 1, f"maillage import ended with {code}:\n{last_words(house, f'import-{log}')}")
    return seconds


def _told(house: House, kind: str, kept: int, size: int) -> None:
    """The command said each bad row with its line, and how many it kept, then that nothing changed."""
    said = (house.folder / f"import-{kind}.log").read_text()
    must(f"recorded {kept}" in said, f"import {kind} said: {said[-300:]}")
    must(said.count("ligne ") == size - kept, f"import {kind}: {size - kept} bad rows, told: {said.count('ligne ')}")
    must(f"ligne {BAD + 1}, siren" in said, f"import {kind} does not say line {BAD + 1}")
    again = (house.folder / f"import-{kind} again.log").read_text()
    must(f"unchanged {kept}" in again, f"import {kind} again said: {again[-300:]}")


async def _known(house: House) -> int:
    """Structures, each with its fact in the journal."""
    rows = await house.count("registry", "SELECT count(*) FROM organisation WHERE natural_key IS NOT NULL")
    facts = await house.count("registry", "SELECT count(*) FROM journal WHERE contract LIKE 'registry.organisation%'")
    must(rows == facts, f"{rows} structures imported, {facts} facts in the journal")
    return rows


async def _copied(house: House, file: Path) -> float:
    """Read, validate, COPY the rows of the structure and of its fact: nothing else."""
    kind = KINDS["organisations"]
    started = time.perf_counter()
    forms = []
    for row in kind.read(file):
        if "siren" not in row.values:
            forms.append(kind.shape(row.values))
    words = [form.model_dump_json() for form in forms]
    async with house.connection("limit_registry") as connection:
        await connection.execute("CREATE TEMP TABLE put (name text, body text)")
        await connection.copy_records_to_table("put", records=[(one[:60], one) for one in words])
        await connection.copy_records_to_table("put", records=[("fact", one) for one in words])
        held = await connection.fetchval("SELECT count(*) FROM put")
    must(held == 2 * len(forms), f"the limit wrote {held} rows of {2 * len(forms)}")
    return time.perf_counter() - started
