"""Server-sent events: the parts of a page that moved, and nothing while nothing does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress

from fastapi import Request
from starlette.responses import StreamingResponse

from services.observatory.live import Live
from services.observatory.pages.parts import version_of
from shared.errors import Refusal, Unavailable
from shared.service import Service

HEARTBEAT_SECONDS = 15.0
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

Parts = Callable[[], Awaitable[Mapping[str, str]]]


def moving(request: Request, parts: Parts, seen: str) -> StreamingResponse:
    """A stream of the parts that change; `seen` is the version the page was made of. A refusal ends it."""
    seen = request.headers.get("last-event-id", seen)
    return StreamingResponse(_messages(request, parts, seen), media_type="text/event-stream", headers=HEADERS)


async def _messages(request: Request, parts: Parts, seen: str) -> AsyncIterator[str]:
    service: Service = request.app.state.service
    live: Live = request.app.state.live
    shown: Mapping[str, str] = {}
    quiet = 0.0
    yield "retry: 2000\n\n"
    while not service.closing.is_set():
        rings = live.rings
        try:
            told = await parts()
        except Unavailable:
            told = shown
        except Refusal:
            return
        version = version_of(told)
        if told and version != seen:
            moved = {name: html for name, html in told.items() if shown.get(name) != html}
            yield f"id: {version}\n" + _data("".join(moved.values()))
            quiet = 0.0
        shown, seen = told, version
        if live.rings == rings:
            quiet += await _wait(service, live, HEARTBEAT_SECONDS - quiet)
        if quiet >= HEARTBEAT_SECONDS:
            quiet = 0.0
            yield ": still here\n\n"


def _data(html: str) -> str:
    return "".join(f"data: {line}\n" for line in html.splitlines()) + "\n"


async def _wait(service: Service, live: Live, seconds: float) -> float:
    """Wait for a move, for the service to stop, or that long; returns how long it was."""
    clock = asyncio.get_running_loop().time
    started = clock()
    waits = [asyncio.create_task(live.wait(max(seconds, 0.05))), asyncio.create_task(service.closing.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    return clock() - started
