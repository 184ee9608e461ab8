"""A small reverse proxy for tests: the gateway's own table of prefixes, each service behind its address."""

import httpx
from starlette.types import Receive, Scope, Send

DROPPED = (b"connection", b"keep-alive", b"transfer-encoding", b"content-length", b"date", b"server")


class Forward:
    """An ASGI application that hands each request to a server elsewhere; 502 when nobody answers there."""

    def __init__(self, client: httpx.AsyncClient, base_url: str) -> None:
        self.client = client
        self.base_url = base_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope.get("raw_path") or scope["path"].encode()
        address = self.base_url.encode() + path.split(b"?")[0]
        if scope["query_string"]:
            address += b"?" + scope["query_string"]
        body = await _whole_body(receive)
        headers = [(name, value) for name, value in scope["headers"] if name not in DROPPED]
        request = self.client.build_request(scope["method"], address.decode(), headers=headers, content=body)
        try:
            answer = await self.client.send(request, stream=True)
        except httpx.TransportError:
            await send({"type": "http.response.start", "status": 502, "headers": [(b"retry-after", b"1")]})
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            kept = [(name, value) for name, value in answer.headers.raw if name.lower() not in DROPPED]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": kept})
            async for part in answer.aiter_raw():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()


async def _whole_body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
