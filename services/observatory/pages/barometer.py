"""The public barometer, and the stream that moves it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.observatory.pages.common import YearChoice, read, shown, year_of
from services.observatory.pages.parts import fragments, version_of
from services.observatory.pages.stream import moving
from services.observatory.queries.barometer import Barometer, barometer
from services.observatory.queries.published import published_figures
from shared.db import Row, Tx
from shared.web.pages import render, url

router = APIRouter(include_in_schema=False)


async def _view(request: Request, choice: str | None) -> tuple[Barometer, dict[str, str], list[Row]]:
    year, latest = year_of(choice)

    async def reading(tx: Tx) -> tuple[Barometer, dict[str, str], list[Row]]:
        view = await barometer(tx, year, latest=latest)
        return view, fragments(view, request.app.state.settings.region), await published_figures(tx)

    return await read(request, f"barometer {year} {latest}", reading)


@router.get("/observatoire")
async def show_barometer(request: Request, year: YearChoice = None) -> Response:
    """What the directory and the network's activity say, each figure open on its facts."""
    return await shown(request, lambda: _barometer(request, year))


async def _barometer(request: Request, year: str | None) -> Response:
    view, told, published = await _view(request, year)
    return render(
        request,
        "observatory/barometer.html",
        section="observatory",
        view=view,
        parts=told,
        published=published,
        live=url("/observatoire/flux", year=view.year or "all", seen=version_of(told)),
        demonstration=view.fictional > 0,
    )


@router.get("/observatoire/flux")
async def stream_barometer(request: Request, year: YearChoice = None, seen: str = "") -> Response:
    """The parts of the barometer that move, as they move."""

    async def parts() -> dict[str, str]:
        return (await _view(request, year))[1]

    return moving(request, parts, seen)
