"""The only way out: a page of the public web, fetched for the team, within bounds, never one of ours or of a neighbour.

A name is resolved once, each of its addresses must be global, and the connection goes to the one that was checked.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import httpcore
import httpx

from shared.errors import Refusal

SECONDS = 8.0
LARGEST = 512 * 1024
REDIRECTS = 3
TITLE = 300
CHARSETS = ("iso-8859-1", "iso-8859-15", "windows-1252", "utf-16")
"""Those that pages of the web still name beside UTF-8; among Python's others are some that fail or take their time."""
Resolve = Callable[[str], Awaitable[list[str]]]


class NotPublic(Refusal):
    """Cette adresse ne mène pas à un site public. Vérifiez-la, ou écrivez le titre vous-même."""

    status, field = 422, "url"


class NotReached(Refusal):
    """Cette page n’a pas répondu. Réessayez plus tard, ou écrivez le titre vous-même."""

    status, field = 422, "url"


class NoTitle(Refusal):
    """Cette page ne dit pas son titre. Écrivez-le vous-même."""

    status, field = 422, "title"


async def resolve(host: str) -> list[str]:
    """The addresses of a name, as this machine's resolver gives them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_kind, address in found]


def is_public(said: str) -> bool:
    """Whether an address is anybody's on the Internet: none of this machine, a network's own, a cloud's; none hidden in
    an address of IPv6."""
    try:
        address = ipaddress.ip_address(said)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inside = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in ipaddress.ip_network("64:ff9b::/96"):
            inside.append(ipaddress.IPv4Address(address.packed[-4:]))
        if not all(is_public(str(one)) for one in inside if one is not None):
            return False
        if address.ipv4_mapped:
            return True
    return address.is_global and not address.is_multicast


class Guarded(httpcore.AsyncNetworkBackend):
    """Connects to a name's checked address and to nothing else."""

    def __init__(self, resolve: Resolve, dial: httpcore.AsyncNetworkBackend) -> None:
        self._resolve, self._dial = resolve, dial

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address, once all of them were found public. Raises NotPublic."""
        addresses = await self._resolve(host)
        if not addresses or not all(is_public(one) for one in addresses):
            raise NotPublic()
        return await self._dial.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never."""
        raise NotPublic()

    async def sleep(self, seconds: float) -> None:
        """Wait between two tries of a connection."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a page answered."""

    url: str
    kind: str
    body: bytes


class Outbound:
    """The client that every fetch goes through."""

    def __init__(
        self,
        resolve: Resolve = resolve,
        dial: httpcore.AsyncNetworkBackend | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._backend = Guarded(resolve, dial or httpcore.AnyIOBackend())
        self._seconds = seconds

    async def fetch(self, url: str) -> Fetched:
        """A page, its redirects followed and checked each. Raises NotPublic or NotReached."""
        try:
            address = httpx.URL(url)
            async with (
                asyncio.timeout(self._seconds),
                httpcore.AsyncConnectionPool(network_backend=self._backend, retries=0) as pool,
            ):
                for _ in range(REDIRECTS + 1):
                    found = await _once(pool, _allowed(address))
                    if isinstance(found, Fetched):
                        return found
                    address = found
        except httpx.InvalidURL:
            raise NotPublic() from None
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError, UnicodeError):
            raise NotReached() from None
        raise NotReached()


async def _once(pool: httpcore.AsyncConnectionPool, url: httpx.URL) -> Fetched | httpx.URL:
    """The page, or the address it sends to."""
    headers = [("Host", url.host), ("User-Agent", "Maillage"), ("Accept", "text/html"), ("Accept-Encoding", "identity")]
    async with pool.stream("GET", str(url), headers=headers) as answer:
        told = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        if answer.status in (301, 302, 303, 307, 308) and "location" in told:
            return url.join(told["location"])
        if answer.status != 200 or told.get("content-encoding", "identity") != "identity":
            raise NotReached()
        body = b""
        async for part in answer.aiter_stream():
            body += part
            if len(body) > LARGEST:
                break
        return Fetched(str(url), told.get("content-type", ""), body[:LARGEST])


def _allowed(url: httpx.URL) -> httpx.URL:
    """An address of the web, on its usual port, without a password. Raises NotPublic."""
    if url.scheme not in ("http", "https") or url.port is not None or url.userinfo or not url.host:
        raise NotPublic()
    return url.copy_with(fragment=None)


class _Titles(HTMLParser):
    """Reads `<title>` and `og:title` of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.told = self.title = ""
        self._in = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A title begins, or a `meta` tells it."""
        self._in = tag == "title" and not self.title
        if tag == "meta" and ("property", "og:title") in attrs:
            self.told = self.told or dict(attrs).get("content") or ""

    def handle_endtag(self, tag: str) -> None:
        """The title ends with its tag."""
        self._in = False

    def handle_data(self, data: str) -> None:
        """The words of the title."""
        if self._in:
            self.title += data


async def title_of(url: str, outbound: Outbound) -> str:
    """The title that a page of the web gives itself, on one line. Raises NotPublic, NotReached or NoTitle."""
    found = await outbound.fetch(url)
    if "html" not in found.kind:
        raise NoTitle()
    charset = found.kind.lower().partition("charset=")[2].strip("\"' ;")
    reader = _Titles()
    reader.feed(found.body.decode(charset if charset in CHARSETS else "utf-8", errors="replace"))
    title = "".join(one if one.isprintable() else " " for one in reader.told or reader.title)
    title = " ".join(title.replace("<", "‹").replace("\ufffd", " ").split())[:TITLE].strip()
    if not title:
        raise NoTitle()
    return title
