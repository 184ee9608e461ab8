"""One port for four services: each address goes to the service that owns its prefix, as a gateway does in front."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

PREFIXES = {
    "/annuaire": "registry",
    "/agenda": "events",
    "/agenda.ics": "events",
    "/lettres": "mailing",
    "/observatoire": "observatory",
}


class Gateway:
    """Sends a request to its service; home, sign-in, legal pages and what nobody owns go to the registry."""

    def __init__(self, services: Mapping[str, ASGIApp], extra: Mapping[str, ASGIApp] | None = None) -> None:
        self.services = services
        self.extra = dict(extra or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _no_lifespan(receive, send)
            return
        await self._owner(scope["path"])(scope, receive, send)

    def _owner(self, path: str) -> ASGIApp:
        first = "/" + path.split("/", 2)[1] if path.startswith("/") else path
        if first in self.extra:
            return self.extra[first]
        if first == "/api":
            return self.services.get(path.split("/", 3)[2] if path.count("/") > 1 else "", self.services["registry"])
        if first.lstrip("/") in self.services:
            return self.services[first.lstrip("/")]
        return self.services[PREFIXES.get(first, "registry")]


async def _no_lifespan(receive: Receive, send: Send) -> None:
    """Services are entered by whoever composes them: a mounted application's lifespan would not run."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
