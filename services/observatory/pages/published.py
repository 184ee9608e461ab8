"""A figure printed in a document, opened on its parts, beside what our own facts give."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.observatory.indicators import indicator
from services.observatory.pages.common import database
from services.observatory.queries.published import comparison, published_figure
from shared.web.format import signed
from shared.web.pages import render

router = APIRouter(include_in_schema=False)


@router.get("/observatoire/chiffres/{figure_id}")
async def show_published_figure(request: Request, figure_id: str) -> Response:
    """Each part leads to its gathering; each difference with our own figure has its sentence."""
    async with database(request).reading() as tx:
        figure = await published_figure(tx, figure_id)
        beside = await comparison(tx, figure)
    return render(
        request,
        "observatory/published.html",
        section="observatory",
        figure=figure,
        beside=beside,
        one=indicator(figure["indicator"]),
        steps=[[why, signed(by)] for why, by in beside.steps],
    )
