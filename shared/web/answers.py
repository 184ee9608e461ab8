"""A form sent twice gets one row and the same answer: the key is kept in the transaction that does the work."""

import hashlib
from collections.abc import Awaitable, Callable

from pydantic import BaseModel
from starlette.requests import Request

from shared.contracts import person_key
from shared.db import AlreadyAnswered, Answer, Database, Row, Tx
from shared.errors import Refusal
from shared.web.together import Taking, Together

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


async def once(request: Request, form: BaseModel, key: str | None, work: Callable[[Tx], Awaitable[Answer]]) -> Answer:
    """Do `work` in a transaction once for this key and form; a repeat gets the first answer. Refusals are not kept.

    Without a key (`Idempotency-Key` header, or the form's hidden field) the work is simply done. A repeat, which is
    rare, does the work again and rolls it back when it finds the answer kept: nobody else pays for a look beforehand.
    """
    scope = _scope(request, form, key)
    db: Database = request.app.state.db

    async def committed() -> Answer:
        async with db.transaction() as tx:
            return _kept(tx, scope, await work(tx))

    return await _or_known(db, scope, committed())


async def once_together(
    request: Request, form: BaseModel, key: str | None, taking: Taking, work: Callable[[Tx, Row], Awaitable[Answer]]
) -> Answer:
    """The same for short work that many send at once: what it takes is taken, and committed, with that of others."""
    scope = _scope(request, form, key)
    together: Together = request.app.state.together

    async def kept(tx: Tx, row: Row) -> Answer:
        return _kept(tx, scope, await work(tx, row))

    return await _or_known(request.app.state.db, scope, together.do(taking, kept))


def _scope(request: Request, form: BaseModel, key: str | None) -> bytes | None:
    key = key or request.headers.get(HEADER)
    return scope_of(request, form, key) if key else None


def _kept(tx: Tx, scope: bytes | None, answer: Answer) -> Answer:
    if scope:
        tx.remember(scope, answer)
    return answer


async def _or_known(db: Database, scope: bytes | None, committed: Awaitable[Answer]) -> Answer:
    try:
        return await committed
    except (AlreadyAnswered, Refusal):
        if scope and (known := await _answered(db, scope)) is not None:
            return known
        raise


async def _answered(db: Database, scope: bytes) -> Answer | None:
    async with db.reading() as tx:
        row = await tx.fetchrow("SELECT status, body FROM answer WHERE scope = $1", scope)
    return Answer(row["status"], row["body"]) if row else None
