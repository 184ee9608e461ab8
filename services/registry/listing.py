"""One way to ask to be listed, for the form and the API: together with whoever asks at the same time, once a key."""

from starlette.requests import Request

from services.registry.commands import KEEP_REQUEST, request_asked, tell_request
from services.registry.forms import RequestListing
from services.registry.links import Links
from shared.db import Answer, Row, Tx
from shared.web.answers import once_together
from shared.web.together import Taking


async def ask_once(request: Request, form: RequestListing, key: str | None, draft: str | None = None) -> Answer:
    """The request, and the same answer to a repeat; the draft it was written in goes with it. Raises AlreadyListed."""
    links = Links.of(request)

    async def work(tx: Tx, row: Row) -> Answer:
        tell_request(row, tx, links)
        if draft:
            await tx.execute("DELETE FROM draft WHERE id = $1", draft)
        return Answer(201, {"id": str(row["id"]), "status": row["status"]})

    return await once_together(request, form, key, Taking("", KEEP_REQUEST, request_asked(form, links)), work)
