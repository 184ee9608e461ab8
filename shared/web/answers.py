"""A form sent twice gets one row and the same answer: the key is kept in the transaction that does the work."""

import hashlib
from collections.abc import Awaitable, Callable

from pydantic import BaseModel
from starlette.requests import Request

from shared.contracts import person_key
from shared.db import AlreadyAnswered, Answer, Database, Tx
from shared.errors import Refusal
from shared.web.together import Together

HEADER = "Idempotency-Key"


def scope_of(request: Request, form: BaseModel, key: str) -> bytes:
    """Route, key and body: the same key with another body is a new form, never the old answer.

    Behind it stands the key of whoever the form is about, by which an erasure finds the answer.
    """
    words = f"{request.method} {request.url.path}\n{key}\n{form.model_dump_json()}"
    scope = hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()
    address = getattr(form, "email", None) or getattr(form, "contact_email", None)
    if not address:
        return scope
    return scope + bytes.fromhex(person_key(address, request.app.state.settings.people_secret)[2:])


async def once(
    request: Request, form: BaseModel, key: str | None, work: Callable[[Tx], Awaitable[Answer]], rank: str | None = None
) -> Answer:
    """Do `work` in a transaction once for this key and form; a repeat gets the first answer. Refusals are not kept.

    Without a key (`Idempotency-Key` header, or the form's hidden field) the work is simply done. A repeat, which is
    rare, does the work again and rolls it back when it finds the answer kept: nobody else pays for a look beforehand.
    Short work that many send at once gives its `rank`: what it takes, so that all take it in one order.
    """
    db: Database = request.app.state.db
    key = key or request.headers.get(HEADER)
    scope = scope_of(request, form, key) if key else None

    async def kept(tx: Tx) -> Answer:
        answer = await work(tx)
        if scope:
            tx.remember(scope, answer)
        return answer

    try:
        if rank is not None:
            together: Together = request.app.state.together
            return await together.do(kept, rank)
        async with db.transaction() as tx:
            return await kept(tx)
    except (AlreadyAnswered, Refusal):
        if scope and (known := await _answered(db, scope)) is not None:
            return known
        raise


async def _answered(db: Database, scope: bytes) -> Answer | None:
    async with db.reading() as tx:
        row = await tx.fetchrow("SELECT status, body FROM answer WHERE scope = $1", scope)
    return Answer(row["status"], row["body"]) if row else None
