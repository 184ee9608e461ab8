"""Every answer has its headers: pages, files, streams, and each way of saying no."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.embedded import House
from shared.web.headers import security_headers
from tests.security.asking import POLICY, call, header_faults

BIG = b"x" * (2 * 1024 * 1024 + 1)
ANSWERS: list[tuple[int, str, str, dict[str, Any]]] = [
    (200, "GET", "/", {}),
    (200, "GET", "/annuaire?lang=en", {}),
    (200, "GET", "/annuaire/export.csv", {}),
    (200, "GET", "/agenda.ics", {}),
    (200, "GET", "/static/style.css", {}),
    (200, "GET", "/api/events/openapi.json", {}),
    (200, "GET", "/mailing/metrics", {}),
    (303, "GET", "/annuaire/equipe", {}),
    (401, "GET", "/api/registry/v1/listing-requests", {}),
    (404, "GET", "/static/nothing.js", {}),
    (404, "GET", "/nothing", {}),
    (404, "GET", "/api/nothing/v1", {}),
    (404, "GET", "/observatoire/partenaire/nothing", {}),
    (404, "GET", "/lettres/preferences/nothing", {}),
    (405, "DELETE", "/annuaire", {}),
    (405, "PUT", "/api/registry/v1/organisations", {}),
    (413, "POST", "/lettres", {"content": BIG}),
    (413, "POST", "/api/mailing/v1/subscriptions", {"content": BIG}),
    (422, "POST", "/lettres", {"data": {"email": "personne"}}),
    (422, "POST", "/api/mailing/v1/subscriptions", {"content": b"{"}),
    (422, "GET", "/annuaire?q=%00", {}),
    (422, "GET", "/annuaire?q=%ff", {}),
    (422, "GET", "/api/events/v1/gatherings?limit=0", {}),
]


@pytest.mark.parametrize(("status", "method", "path", "more"), ANSWERS)
async def test_every_kind_of_answer_has_its_headers(
    client: httpx.AsyncClient, status: int, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = await client.request(method, path, **more)
    assert answer.status_code == status
    assert header_faults(answer) == []


@pytest.mark.parametrize("path", ["/annuaire", "/agenda.ics", "/observatoire/flux", "/events/health/ready", "/nothing"])
async def test_who_asks_for_the_headers_alone_gets_those_of_the_page_and_no_more(
    client: httpx.AsyncClient, path: str
) -> None:
    """Monitors, calendars and whoever follows links ask so first."""
    async with client.stream("GET", path) as whole:
        status, kind = whole.status_code, whole.headers["Content-Type"]
    head = await client.head(path)
    assert (head.status_code, head.headers["Content-Type"], head.content) == (status, kind, b"")
    assert header_faults(head) == []


async def test_a_form_cut_on_its_way_is_no_fault_of_ours(client: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    kind = "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked"
    writer.write(f"POST /lettres HTTP/1.1\r\nHost: localhost\r\n{kind}\r\n\r\nno length\r\nemail=".encode())
    async with asyncio.timeout(10):
        assert await reader.readline() == b"HTTP/1.1 400 Bad Request\r\n"
    writer.close()


async def test_a_body_that_grows_without_saying_its_size_is_refused_with_the_headers(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 64 * 1024

    for path, kind, status in (
        ("/api/mailing/v1/subscriptions", "application/json", 413),
        ("/lettres", "application/x-www-form-urlencoded", 400),
    ):
        answer = await client.post(path, content=endless(), headers={"Content-Type": kind})
        assert answer.status_code == status
        assert header_faults(answer) == []


async def test_a_file_that_the_browser_has_and_a_stream_have_their_headers(client: httpx.AsyncClient) -> None:
    known = await client.get("/static/style.css")
    again = await client.get("/static/style.css", headers={"If-None-Match": known.headers["etag"]})
    assert (again.status_code, header_faults(again)) == (304, [])
    stream = await call(client, "GET", "/observatoire/flux", {})
    assert (stream.status_code, header_faults(stream)) == (200, [])


async def test_what_is_somebodys_is_kept_by_no_cache(client: httpx.AsyncClient, staff: httpx.AsyncClient) -> None:
    assert (await client.get("/annuaire")).headers["cache-control"] == "no-cache"
    signed_in = await client.get("/annuaire", headers={"Cookie": "maillage_session=x"})
    assert signed_in.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("public_url", "told"), [("https://reseau.example", True), ("http://127.0.0.1:8000", False)])
async def test_a_site_behind_tls_says_so_although_its_gateway_speaks_plain_http(public_url: str, told: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    guarded = security_headers(app, https=public_url.startswith("https://"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(guarded), base_url="http://events:8000") as client:
        answer = await client.get("/")
    assert ("strict-transport-security" in answer.headers) is told
    assert answer.headers["content-security-policy"] == POLICY


async def test_an_error_of_ours_is_told_with_its_headers_and_without_its_cause(house: House) -> None:
    service = house.services["events"]

    async def broken() -> None:
        raise RuntimeError("secret-of-the-house")

    service.app.add_api_route("/agenda-broken", broken)
    transport = httpx.ASGITransport(service.asgi, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/agenda-broken")
    service.app.router.routes.pop()
    assert answer.status_code == 500
    assert header_faults(answer) == []
    assert "secret-of-the-house" not in answer.text
    assert "Traceback" not in answer.text
