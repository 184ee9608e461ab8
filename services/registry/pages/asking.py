"""An address alone asks for a link by mail: the same page answers any address."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.registry.forms import AskErasure, AskLink, AskSignIn
from services.registry.links import Links
from shared.db import Answer, Tx
from shared.errors import Refusal
from shared.web.admission import admit
from shared.web.answers import once
from shared.web.forms import Form, read_form

Asked = TypeVar("Asked", AskErasure, AskLink, AskSignIn)


async def send_link(
    request: Request,
    model: type[Asked],
    send: Callable[[Asked, Tx, Links], Awaitable[None]],
    page: Callable[[Request, Form, int], Response],
    sent: str,
) -> Response:
    """Send the link, and lead to the address that says so; or show the page again with what is wrong."""
    form = await read_form(request)
    asked = form.read(model)
    if asked is None:
        return page(request, form, 422)

    async def work(tx: Tx) -> Answer:
        await send(asked, tx, Links.of(request))
        return Answer(202, {})

    try:
        admit(request, form, asked.email)
        await once(request, asked, form.key, work)
    except Refusal as refusal:
        return page(request, form.refuse(refusal), refusal.status)
    return RedirectResponse(sent, 303)
