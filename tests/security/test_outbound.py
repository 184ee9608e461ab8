"""The one way out: what is public is read, what is ours or a neighbour's is never even dialled."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.embedded import House
from services.registry.outbound import LARGEST, NoTitle, NotPublic, NotReached, Outbound, is_public, title_of
from tests.conftest import bearer
from tests.security import canary

PUBLIC = "93.184.215.14"
INSIDE = [
    *("127.0.0.1", "0.0.0.0", "10.0.0.5", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1"),
    *("255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1"),
    *("::ffff:10.0.0.1", "2002:7f00:1::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2001:db8::1", "not an address"),
]


class Dialled(httpcore.AnyIOBackend):
    """Brings every connection to a server of this test, and notes where it was meant to go."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.went: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.went.append(f"{host}:{port}")
        return await super().connect_tcp("127.0.0.1", self.port, timeout, local_address, socket_options)


@asynccontextmanager
async def web(answers: dict[str, bytes], seconds: float = 5) -> AsyncIterator[tuple[Outbound, Dialled]]:
    """A small web: raw answers by `host/path`; names resolve to what their own name says."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = asked.split(" ", 2)[1]
        host = (re.search(r"(?im)^host: (\S+)", asked) or ["", ""])[1]
        writer.write(answers.get(f"{host}{path}", b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"))
        if path != "/slow":
            writer.close()

    async def resolve(host: str) -> list[str]:
        if number := re.fullmatch(r"n(\d+)\.inside\.example", host):
            return [INSIDE[int(number[1])]]
        told = {"public.example": [PUBLIC], "twofaced.example": [PUBLIC, "10.0.0.1"], "nobody.example": []}
        return told[host] if host in told else [host.strip("[]")]

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    dial = Dialled(server.sockets[0].getsockname()[1])
    yield Outbound(resolve, dial, seconds), dial
    server.close()


def page(html: bytes, kind: bytes = b"text/html; charset=utf-8", more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: " + kind + b"\r\n" + more + b"\r\n" + html


def sent_to(address: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


async def test_a_public_page_is_read_at_the_address_that_was_checked() -> None:
    html = "<title>Appel à projets\n 2027 &amp; suite</title>".encode()
    async with web({"public.example/eau?a=1": page(html)}) as (outbound, dial):
        assert await title_of("http://public.example/eau?a=1#bas", outbound) == "Appel à projets 2027 & suite"
        assert dial.went == [f"{PUBLIC}:80"]


@pytest.mark.parametrize("address", INSIDE)
async def test_an_address_that_is_not_the_publics_is_not_dialled(address: str) -> None:
    assert not is_public(address)
    async with web({}) as (outbound, dial):
        with pytest.raises(NotPublic):
            await outbound.fetch(f"http://n{INSIDE.index(address)}.inside.example/")
        literal = f"[{address}]" if ":" in address else address
        with pytest.raises(NotPublic):
            await outbound.fetch(f"http://{literal}/")
        assert dial.went == []


@pytest.mark.parametrize(
    "url",
    [
        "http://twofaced.example/",
        "http://nobody.example/",
        "http://public.example:8080/",
        "http://public.example:22/",
        "http://someone:word@public.example/",
        "ftp://public.example/",
        "file:///etc/passwd",
        "http:///nothing",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1",
    ],
)
async def test_what_could_lead_inside_is_refused_before_any_connection(url: str) -> None:
    async with web({}) as (outbound, dial):
        with pytest.raises(NotPublic):
            await outbound.fetch(url)
        assert dial.went == []


@pytest.mark.parametrize(
    "inside", ["http://127.0.0.1/", "http://169.254.169.254/latest", "//10.0.0.1/", "file:///etc/x"]
)
async def test_a_redirect_is_checked_like_the_first_address(inside: str) -> None:
    async with web({"public.example/": sent_to(inside)}) as (outbound, dial):
        with pytest.raises(NotPublic):
            await outbound.fetch("http://public.example/")
        assert dial.went == [f"{PUBLIC}:80"]


async def test_redirects_are_followed_and_end() -> None:
    answers = {"public.example/": sent_to("/deux"), "public.example/deux": page(b"<title>Deux</title>")}
    async with web(answers | {"public.example/round": sent_to("/round")}) as (outbound, _dial):
        assert await title_of("http://public.example/", outbound) == "Deux"
        with pytest.raises(NotReached):
            await outbound.fetch("http://public.example/round")


async def test_size_and_time_are_bounded() -> None:
    big = page(b"<title>Grand</title>" + b"x" * 3 * LARGEST)
    packed = page(b"\x1f\x8b", more=b"Content-Encoding: gzip\r\n")
    slow = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\n<title>"
    answers = {"public.example/big": big, "public.example/slow": slow, "public.example/packed": packed}
    async with web(answers, seconds=1) as (outbound, _dial):
        assert len((await outbound.fetch("http://public.example/big")).body) == LARGEST
        assert await title_of("http://public.example/big", outbound) == "Grand"
        for path in ("slow", "packed", "nothing"):
            with pytest.raises(NotReached):
                await outbound.fetch(f"http://public.example/{path}")


async def test_a_page_without_a_title_says_so_and_one_that_bites_is_one_plain_line() -> None:
    bites = b'<meta property="og:title" content="&lt;img src=x onerror=1&gt;\r\nBcc: a@b.example">'
    answers = {
        "public.example/empty": page(b"<p>Rien"),
        "public.example/picture": page(b"<title>x</title>", b"image/png"),
        "public.example/bites": page(bites),
        "public.example/latin": page("<title>Été</title>".encode("latin-1"), b"text/html; charset=iso-8859-1"),
    }
    for odd in ("nothing", "idna", "undefined", "punycode", "zlib"):
        answers[f"public.example/{odd}"] = page(b"<title>Odd</title>", f"text/html; charset={odd}".encode())
    async with web(answers) as (outbound, _dial):
        for path in ("empty", "picture"):
            with pytest.raises(NoTitle):
                await title_of(f"http://public.example/{path}", outbound)
        assert await title_of("http://public.example/bites", outbound) == "‹img src=x onerror=1> Bcc: a@b.example"
        assert await title_of("http://public.example/latin", outbound) == "Été"
        for odd in ("nothing", "idna", "undefined", "punycode", "zlib"):
            assert await title_of(f"http://public.example/{odd}", outbound) == "Odd"


@given(st.ip_addresses())
def test_an_address_is_public_only_if_python_says_so_too(address: Any) -> None:
    if is_public(str(address)):
        assert address.is_global or getattr(address, "ipv4_mapped", None)
        assert not address.is_private
        assert not address.is_loopback
        assert not address.is_link_local


async def test_the_team_reads_a_title_and_keeps_what_it_typed(house: House, client: httpx.AsyncClient) -> None:
    registry = house.services["registry"]
    before, there = registry.app.state.outbound, "/annuaire/equipe/veille"
    headers = {"Authorization": bearer(house, "staff")}
    typed = {"_propose": "title", "summary": "Déjà écrit", "watch_class": "funding"}
    async with web({"public.example/appel": page(b"<title>Un appel de l'eau</title>")}) as (outbound, dial):
        registry.app.state.outbound = outbound
        try:
            found = await client.post(there, data=typed | {"url": "http://public.example/appel"}, headers=headers)
            inside = await client.post(there, data=typed | {"url": "http://nobody.example/"}, headers=headers)
            wrong = await client.post(there, data=typed | {"url": canary.MARKUP, "title": "Gardé"}, headers=headers)
            absent = await client.post(there, data=typed, headers=headers)
            stranger = await client.post(there, data=typed | {"url": "http://public.example/appel"})
        finally:
            registry.app.state.outbound = before
    assert found.status_code == 200
    assert 'value="Un appel de l&#39;eau"' in found.text
    assert [one.status_code for one in (inside, wrong, absent, stranger)] == [422, 422, 422, 303]
    assert "ne mène pas à un site public" in inside.text
    assert all("Déjà écrit" in one.text for one in (found, inside, wrong, absent))
    assert 'value="Gardé"' in wrong.text
    assert dial.went == [f"{PUBLIC}:80"]
    async with registry.db.reading() as tx:
        assert not await tx.fetchval("SELECT count(*) FROM watch_item WHERE url LIKE '%public.example%'")
