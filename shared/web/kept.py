"""Answers kept in a process: written once for all who ask at an address, until what they say has moved."""

import asyncio
import functools
import gzip
import hashlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from shared.web.i18n import language

Made = TypeVar("Made")
Writing = Callable[[], Coroutine[Any, Any, Response]]

WORTH_PACKING, PACKING = 1024, 5
"""From so many bytes an answer travels as gzip, packed so hard."""


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


class Written:
    """An answer written once for all who read it, with its ETag; packed once for all who read gzip."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        self.body = bytes(answer.body)
        answer.headers["ETag"] = f'W/"{hashlib.sha256(self.body).hexdigest()[:24]}"'

    @functools.cached_property
    def packed(self) -> bytes:
        """The body as gzip."""
        return gzip.compress(self.body, PACKING, mtime=0)

    def to(self, request: Request) -> Response:
        """The answer to this reader; 304 where they have it already."""
        headers = dict(self.answer.headers)
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers={"ETag": headers["etag"]})
        if len(self.body) < WORTH_PACKING or "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self.body, self.answer.status_code, headers)
        headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding", "content-length": str(len(self.packed))}
        return Response(self.packed, self.answer.status_code, headers)


async def for_all(request: Request, remember: Callable[..., Coroutine[Any, Any, Written]], write: Writing) -> Response:
    """What `write` answers at this address, in this language, to anybody: kept as long as `remember` keeps it."""

    async def written() -> Written:
        return Written(await write())

    kept = await remember(f"{language.get()} {request.url.path}?{request.url.query}", written)
    return kept.to(request)
