"""Around every request, as plain ASGI: its story's id, its size, what may not be in an address, who asks, how long."""

import re
from time import perf_counter
from urllib.parse import unquote_to_bytes
from uuid import UUID

import structlog
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.clock import new_id
from shared.errors import Invalid, NotAllowed, Refusal
from shared.log import follow
from shared.metrics import REQUESTS
from shared.web.problems import answer_refusal
from shared.web.session import COOKIE, is_of_our_page, session_of

MAX_BODY = 2 * 1024 * 1024
READING = ("GET", "HEAD", "OPTIONS")
DRAINED = 64 * 1024 * 1024
_UNWRITABLE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

log = structlog.get_logger()


class TooLarge(Refusal):
    """Ce message est trop long : deux mégaoctets au plus."""

    status = 413


class ForeignForm(NotAllowed):
    """Ce formulaire vient d’un autre site. Revenez à la page et recommencez."""


class Guards:
    """The outermost layer of a service's application."""

    def __init__(self, app: ASGIApp, service: str, application: FastAPI) -> None:
        self.app = app
        self.service = service
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        if scope["method"] == "HEAD":  # whoever sends the answer leaves its body out
            scope["method"] = "GET"
        scope["app"] = self.application
        story = follow(_story(Headers(scope=scope)))
        status, body = 0, Body(receive)

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status >= 400 and scope["method"] not in READING:
                    await body.drain()
                MutableHeaders(scope=message)["X-Correlation-Id"] = str(story)
            await send(message)

        request = Request(scope, receive)
        try:
            self._refuse(request)
            await self.app(scope, body.read, sending)
        except Refusal as refusal:
            if status:
                raise
            await answer_refusal(request, refusal)(scope, receive, sending)
        finally:
            self._tell(scope, status, perf_counter() - started)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        """A measure for every answer, and a line for every form: a story begins there."""
        route, method = getattr(scope.get("route"), "path", "other"), scope["method"]
        REQUESTS.labels(self.service, method, route, str(status)).observe(seconds)
        if method not in READING:
            log.info(
                "answered", service=self.service, method=method, route=route, status=status, ms=round(seconds * 1e3, 1)
            )

    def _refuse(self, request: Request) -> None:
        request.state.session = None
        if int(request.headers.get("content-length") or 0) > MAX_BODY:
            raise TooLarge()
        address = request.scope["path"].encode() + b"?" + unquote_to_bytes(request.scope["query_string"])
        try:
            address.decode()
        except UnicodeDecodeError:
            raise Invalid({"": "Cette adresse n’est pas lisible."}) from None
        if _UNWRITABLE.search(address):
            raise Invalid({"": "Cette adresse contient des caractères interdits."})
        request.state.session = session_of(request)
        if request.method not in READING and COOKIE in request.cookies and is_of_our_page(request) is False:
            raise ForeignForm()


class Body:
    """What a request sends, counted; what nobody reads is heard out, so that its sender reads an answer, no reset."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.heard = 0
        self.is_ended = False

    async def read(self) -> Message:
        """The next part; TooLarge once there is too much of it."""
        message = await self._next()
        if self.heard > MAX_BODY:
            raise TooLarge()
        return message

    async def drain(self) -> None:
        """Hear out what is left, within bounds."""
        while not self.is_ended and self.heard < DRAINED:
            await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self.heard += len(message.get("body", b""))
        self.is_ended = message["type"] != "http.request" or not message.get("more_body")
        return message


def _story(headers: Headers) -> UUID:
    try:
        return UUID(headers["x-correlation-id"])
    except (KeyError, ValueError):
        return new_id()
