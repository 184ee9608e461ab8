"""Answers kept in a process: written once for all who ask at an address, until what they say has moved."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from shared.web.i18n import language

Made = TypeVar("Made")


class Kept:
    """What was computed since the last move, at most `most` of it: the oldest goes first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: dict[str, asyncio.Task[Any]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def forget(self) -> None:
        """Something moved: what was computed is no longer so."""
        self._kept = {}

    async def remember(self, key: str, compute: Callable[[], Coroutine[Any, Any, Made]]) -> Made:
        """What `compute` gives, computed once for all who ask between two moves."""
        task = self._kept.get(key)
        if task is None:
            while len(self._kept) >= self.most:
                del self._kept[next(iter(self._kept))]
            task = self._kept[key] = asyncio.create_task(compute())
            task.add_done_callback(lambda done: self._drop_failed(key, done))
        found: Made = await asyncio.shield(task)
        return found

    def _drop_failed(self, key: str, task: "asyncio.Task[Any]") -> None:
        if (task.cancelled() or task.exception()) and self._kept.get(key) is task:
            del self._kept[key]


def address_of(request: Request) -> str:
    """Under which an answer to anybody is kept: the address, and the language it is read in."""
    return f"{language.get()} {request.url.path}?{request.url.query}"


def tagged(request: Request, answer: Response) -> Response:
    """An answer, maybe kept for several readers, with its ETag; or 304 to whoever has it already."""
    if "etag" not in answer.headers:
        answer.headers["ETag"] = f'W/"{hashlib.sha256(bytes(answer.body)).hexdigest()[:24]}"'
    if answer.headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": answer.headers["ETag"]})
    return Response(answer.body, answer.status_code, dict(answer.headers))
