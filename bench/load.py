"""Clients that post as fast as they are answered: bare HTTP/1.1 on kept-alive connections, so that they are no wall."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

NextRequest = Callable[[], bytes]


@dataclass
class Slice:
    """What some seconds of load gave."""

    seconds: float = 0.0
    client_seconds: float = 0.0
    """CPU time the clients took: their share of one core is `client_seconds / seconds`."""
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    """Seconds, one an answer."""
    refused: str = ""
    """The first answer that was not a success."""

    def add(self, other: "Slice") -> None:
        self.seconds += other.seconds
        self.client_seconds += other.client_seconds
        self.statuses += other.statuses
        self.latencies += other.latencies
        self.refused = self.refused or other.refused

    def accepted(self, status: int) -> int:
        return self.statuses[status]

    def rate(self, status: int) -> float:
        """Accepted answers a second."""
        return self.statuses[status] / self.seconds if self.seconds else 0.0

    def percentile_ms(self, percent: float) -> float:
        """The latency under which `percent` of the answers came, in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0


class Client(asyncio.Protocol):
    """One connection: a request at a time, the next one at once while `going`."""

    def __init__(self, next_request: NextRequest, result: Slice) -> None:
        self.next_request = next_request
        self.result = result
        self.going = True
        self.idle: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = b""
        self._expected = -1
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own class

    def connection_lost(self, error: Exception | None) -> None:
        if not self.idle.done():
            self.result.statuses[0] += 1
            self.idle.set_result(None)

    def post(self) -> None:
        self._buffer, self._expected = b"", -1
        request = self.next_request()
        self._sent = time.perf_counter()
        self.transport.write(request)

    def data_received(self, received: bytes) -> None:
        self._buffer += received
        if self._expected < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._expected = end + 4 + content_length(self._buffer[:end])
        if len(self._buffer) < self._expected:
            return
        self._account()
        if self.going:
            self.post()
        elif not self.idle.done():
            self.idle.set_result(None)

    def _account(self) -> None:
        status = int(self._buffer[9:12])
        self.result.latencies.append(time.perf_counter() - self._sent)
        self.result.statuses[status] += 1
        if status >= 400 and not self.result.refused:
            self.result.refused = self._buffer[-600:].decode(errors="replace")


def content_length(head: bytes) -> int:
    """The length a response declares; ours always do."""
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0 and head[9:12] == b"304":
        return 0
    if at < 0:
        raise ValueError(f"an answer without a length: {head[:200]!r}")
    return int(head[at + 17 :].split(b"\r\n", 1)[0])


async def flat_out(port: int, next_request: NextRequest, clients: int, seconds: float) -> Slice:
    """`clients` connections post for `seconds`, each as soon as it is answered."""
    result = Slice()
    loop = asyncio.get_running_loop()
    made = [
        (await loop.create_connection(lambda: Client(next_request, result), "127.0.0.1", port))[1]
        for _ in range(clients)
    ]
    started, cpu = time.perf_counter(), time.process_time()
    for one in made:
        one.post()
    await asyncio.sleep(seconds)
    for one in made:
        one.going = False
    await asyncio.wait([one.idle for one in made], timeout=30)
    result.seconds, result.client_seconds = time.perf_counter() - started, time.process_time() - cpu
    for one in made:
        one.transport.abort()
    return result


async def paced(port: int, next_request: NextRequest, per_second: float, seconds: float) -> Slice:
    """`per_second` requests at their own time, whether or not the ones before are answered."""
    result = Slice()
    loop = asyncio.get_running_loop()
    resting: list[Client] = []
    started, cpu = time.perf_counter(), time.process_time()
    waiting: set[asyncio.Task[None]] = set()
    for number in range(int(per_second * seconds)):
        await asyncio.sleep(max(0.0, started + number / per_second - time.perf_counter()))
        if not resting:
            _, fresh = await loop.create_connection(lambda: Client(next_request, result), "127.0.0.1", port)
            fresh.going = False
            resting.append(fresh)
        task = asyncio.create_task(_one(resting.pop(), resting))
        waiting.add(task)
        task.add_done_callback(waiting.discard)
    if waiting:
        await asyncio.wait(waiting, timeout=30)
    result.seconds, result.client_seconds = time.perf_counter() - started, time.process_time() - cpu
    for one in resting:
        one.transport.abort()
    return result


async def _one(client: Client, resting: list[Client]) -> None:
    client.idle = asyncio.get_running_loop().create_future()
    client.post()
    await client.idle
    resting.append(client)


def get(path: str, headers: str = "") -> bytes:
    """A reader's request as bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n{headers}\r\n".encode()


def json_post(path: str, body: bytes, headers: str = "") -> bytes:
    """A JSON request as bytes."""
    return _post(path, "application/json", body, headers)


def form_post(path: str, body: bytes) -> bytes:
    """A browser's form as bytes."""
    return _post(path, "application/x-www-form-urlencoded", body, "")


def _post(path: str, kind: str, body: bytes, headers: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{headers}"
    )
    return head.encode() + b"\r\n" + body
