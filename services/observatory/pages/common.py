"""What the pages share: the database, the live cache, the years a reader may choose, the key figures."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request
from starlette.responses import Response

from services.observatory.domain import Figure
from services.observatory.indicators import Indicator
from services.observatory.live import Live
from shared.db import Database, Tx
from shared.web.format import number
from shared.web.i18n import _, language
from shared.web.kept import for_all

Made = TypeVar("Made")

YearChoice = Annotated[str | None, Query(pattern=r"^(all|19\d\d|20\d\d|2100)?$", max_length=4)]
"""A year, `all`, or nothing: the latest year with data."""


def year_of(choice: str | None) -> tuple[int | None, bool]:
    """The year a reader chose (None: all time), and whether none was."""
    return (None if choice == "all" else int(choice), False) if choice else (None, True)


def database(request: Request) -> Database:
    """The observatory's database."""
    db: Database = request.app.state.db
    return db


async def read(request: Request, key: str, reading: Callable[[Tx], Coroutine[Any, Any, Made]]) -> Made:
    """What `reading` finds, kept for all the readers of this process until the figures move."""
    live: Live = request.app.state.live

    async def compute() -> Made:
        async with database(request).reading() as tx:
            return await reading(tx)

    return await live.remember(f"{language.get()} {key}", compute)


async def shown(request: Request, show: Callable[[], Coroutine[Any, Any, Response]]) -> Response:
    """A page, written once for all who are not signed in, until the figures move."""
    if request.state.session is not None:
        return await show()
    live: Live = request.app.state.live
    return await for_all(request, live.remember, show)


def key_figure(one: Indicator, of_year: Figure, ever: Figure, year: int | None, stock: bool) -> dict[str, Any]:
    """A figure of the band; a stock says how much of it is of the year, a flow says its year."""
    figure = ever if stock else of_year
    told = {"id": f"chiffre-{one.id}", "value": number(figure.value), "label": one.unit_of(figure.value)}
    if year is None:
        return told | {"change": _("depuis l’origine")}
    if stock:
        since = _("dont %(n)s en %(year)s", n=number(of_year.value), year=year)
        return told | {"change": since}
    return told | {"change": _("en %(year)s", year=year)}


Choice = Annotated[str | None, Query(max_length=40)]
Cursor = Annotated[str | None, Query(max_length=80)]
