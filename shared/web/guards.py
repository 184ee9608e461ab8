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
from shared.web.session import COOKIE, session_of

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
        scope["app"] = self.application
        story = follow(_story(Headers(scope=scope)))
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Correlation-Id"] = str(story)
            await send(message)

        request = Request(scope, receive)
        try:
            self._refuse(request)
            await self.app(scope, _limited(receive), sending)
        except Refusal as refusal:
            if status:
                raise
            if isinstance(refusal, TooLarge):
                await _drain(receive)
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
        if request.method not in READING and COOKIE in request.cookies and _foreign(request):
            raise ForeignForm()


async def _drain(receive: Receive) -> None:
    """Hear out a body that is too long, within bounds, so that its sender reads the answer and not a reset."""
    heard = 0
    while heard < DRAINED:
        message = await receive()
        heard += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return


def _story(headers: Headers) -> UUID:
    try:
        return UUID(headers["x-correlation-id"])
    except (KeyError, ValueError):
        return new_id()


def _foreign(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")


def _limited(receive: Receive) -> Receive:
    received = 0

    async def counting() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MAX_BODY:
            if message.get("more_body"):
                await _drain(receive)
            raise TooLarge()
        return message

    return counting
