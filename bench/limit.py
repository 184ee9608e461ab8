"""The physical limit: a bare ASGI app that validates the same body and writes the same rows in one statement.

`python -m bench.limit forms|registrations DATABASE_URL PORT`: its own process, granian and uvloop, no framework.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs
from uuid import UUID

import asyncpg
import uvloop
from pydantic import BaseModel

from bench import limit_rows
from services.serving import serve, stop_on_signals

Write = Callable[[asyncpg.Pool, str, bytes, bool], Awaitable[bytes]]
JSON_TYPE = (b"content-type", b"application/json")


class BareApp:
    """Body in, one statement, answer out."""

    def __init__(self, pool: asyncpg.Pool, write: Write) -> None:
        self.pool = pool
        self.write = write

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        html = scope["path"].startswith("/html")
        said = await self.write(self.pool, scope["path"], body, html)
        if html:
            headers = [(b"location", b"/html/done"), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 303, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        else:
            headers = [JSON_TYPE, (b"content-length", str(len(said)).encode())]
            await send({"type": "http.response.start", "status": 201, "headers": headers})
            await send({"type": "http.response.body", "body": said})


def parsed(model: type[BaseModel], body: bytes, html: bool) -> BaseModel:
    """The same model as the product's, from JSON or from a browser's form."""
    if not html:
        return model.model_validate_json(body)
    typed = parse_qs(body.decode())
    return model.model_validate({name: one if len(one) > 1 else one[0] for name, one in typed.items()})


async def write_registration(pool: asyncpg.Pool, path: str, body: bytes, html: bool) -> bytes:
    """A place by the same conditional UPDATE, the person, the registration, two journal rows, the answer of a form."""
    form = parsed(limit_rows.RegisterPerson, body, html)
    assert isinstance(form, limit_rows.RegisterPerson)
    gathering_id = UUID(path.rsplit("/", 1)[1])
    taken = await pool.fetchval(
        limit_rows.REGISTRATION,
        gathering_id,
        *limit_rows.registration_values(form),
        *limit_rows.journal_values("events"),
        *limit_rows.answer_values(body, kept=html),
    )
    return b'{"status":"confirmed"}' if taken else b'{"status":"waiting"}'


async def write_listing_request(pool: asyncpg.Pool, _path: str, body: bytes, html: bool) -> bytes:
    """The request with its contact, two journal rows, the answer kept for a repeat."""
    form = parsed(limit_rows.RequestListing, body, html)
    assert isinstance(form, limit_rows.RequestListing)
    request_id = await pool.fetchval(
        limit_rows.LISTING_REQUEST,
        *limit_rows.listing_values(form),
        *limit_rows.journal_values("registry"),
        *limit_rows.answer_values(body, kept=True),
    )
    return b'{"id":"%s","status":"requested"}' % str(request_id).encode()


WRITERS: dict[str, Write] = {"registrations": write_registration, "forms": write_listing_request}


async def _nothing(_connection: object) -> None:
    """No reset between two requests: the limit spends no round trip on it."""


async def main(kind: str, url: str, port: int) -> None:
    """Serve until SIGTERM."""
    stop = stop_on_signals()
    pool = await asyncpg.create_pool(url, min_size=16, max_size=16, reset=_nothing)
    await serve(BareApp(pool, WRITERS[kind]), "127.0.0.1", port, stop)
    await asyncio.wait_for(pool.close(), 5)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
