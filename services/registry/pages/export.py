"""The directory as a file: the same filters, a row a structure, no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import AsyncIterator

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.registry import wording
from services.registry.pages.directory import asked_of
from services.registry.queries.directory import every_page
from shared.clock import today
from shared.db import Database, Row

router = APIRouter()
COLUMNS = ("name", "acronym", "college", "kind", "commune_code", "department", "siren", "siret", "rna", "website")
LISTS = ("themes", "sdgs", "countries")
MORE = ("description", "published_on", "status", "source", "demonstration", "address")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@router.get("/annuaire/export.csv")
async def export(request: Request) -> Response:
    """What the same address of the directory shows, whole."""
    asked = asked_of(request)
    db: Database = request.app.state.db

    async def written() -> AsyncIterator[str]:
        yield "\ufeff" + _lines([[*COLUMNS, *LISTS, *MORE]])
        async with db.reading() as tx:
            async for rows in every_page(tx, asked, request.app.state.tally):
                yield _lines([_cells(row, request.app.state.settings.public_url) for row in rows])

    name = f"annuaire-{today().isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(written(), media_type="text/csv; charset=utf-8", headers=headers)


def _cells(row: Row, public_url: str) -> list[object]:
    lists = [", ".join(str(one) for one in row[name]) for name in LISTS]
    more = [row[name] for name in MORE[:-1]]
    named = dict(row) | {"college": wording.college(row["college"]), "kind": wording.kind(row["kind"])}
    return [*(named[name] for name in COLUMNS), *lists, *more, f"{public_url}/annuaire/{row['slug']}"]


def _lines(rows: list[list[object]]) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=";").writerows([[_harmless(cell) for cell in row] for row in rows])
    return written.getvalue()


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
