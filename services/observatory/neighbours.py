"""The team API of the four services, asked on the server as the visitor: each checks the session alone.

The one place where a service speaks to another by HTTP; see docs/decisions/0013. One that does not answer is said so.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.requests import Request

from shared.errors import Invalid, NotFound, Refusal
from shared.settings import SERVICES, Settings
from shared.web.i18n import language
from shared.web.session import COOKIE

PATIENCE_SECONDS = 4.0


class ServiceSilent(Refusal):
    """Ce service ne répond pas. Rien n’a changé\u00a0: réessayez dans un instant."""

    status = 503


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The four services, as one visitor may ask them."""

    client: httpx.AsyncClient
    settings: Settings

    async def ask(self, service: str, path: str, **query: Any) -> dict[str, Any]:
        """What a service answers under its `/bus`. Raises ServiceSilent, or the refusal it answered."""
        return await self._send(service, self.client.build_request("GET", self._url(service, path), params=query))

    async def tell(self, service: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Have a service do something. Raises ServiceSilent, or the refusal it answered."""
        return await self._send(service, self.client.build_request("POST", self._url(service, path), json=body))

    async def ask_all(self, path: str, **query: Any) -> dict[str, dict[str, Any] | None]:
        """What each of the four answers; None for one that does not."""
        answers = await asyncio.gather(*(self._or_none(service, path, query) for service in SERVICES))
        return dict(zip(SERVICES, answers, strict=True))

    async def _or_none(self, service: str, path: str, query: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return await self.ask(service, path, **query)
        except ServiceSilent:
            return None

    def _url(self, service: str, path: str) -> str:
        base = self.settings.service_url.replace("{service}", service) or self.settings.public_url
        return f"{base}/api/{service}/v1/bus{path}"

    async def _send(self, service: str, request: httpx.Request) -> dict[str, Any]:
        try:
            answer = await self.client.send(request)
            body = answer.json()
        except (httpx.HTTPError, ValueError):
            raise ServiceSilent() from None
        if answer.is_success and isinstance(body, dict):
            return body
        raise _refusal(answer.status_code, body)


def _refusal(status: int, body: Any) -> Refusal:
    """The refusal another service answered, as if it were ours; 5xx and what is no problem+json is silence."""
    if status >= 500 or not isinstance(body, dict) or "detail" not in body:
        return ServiceSilent()
    if status == 422 and body.get("errors"):
        return Invalid({one["field"]: one["message"] for one in body["errors"]})
    refusal = NotFound(body["detail"]) if status == 404 else Refusal(body["detail"])
    refusal.status = status
    return refusal


@asynccontextmanager
async def neighbours(request: Request) -> AsyncIterator[Neighbours]:
    """The four services as this visitor may ask them, for as long as one answer takes."""
    passed = {"authorization": request.headers["authorization"]} if "authorization" in request.headers else {}
    if COOKIE in request.cookies:
        passed["cookie"] = f"{COOKIE}={request.cookies[COOKIE]}"
    spoken = {"lang": language.get()}
    async with httpx.AsyncClient(headers=passed, params=spoken, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        yield Neighbours(client, request.app.state.settings)
