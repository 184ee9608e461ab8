"""Answer HTTP until told to stop, on granian inside our own loop (its command line is held up by an open live page)."""

import asyncio
import errno
import signal
import socket

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from starlette.types import ASGIApp

DRAIN_SECONDS = 3.0
LOG = "maillage.log"
"""The one-machine mode logs beside its servers, in `logs` of its data folder."""


class PortTaken(Exception):
    """The port is not free."""


def check_port(host: str, port: int) -> None:
    """Raise PortTaken, in a sentence, when something else answers there or the port is not ours to take."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = "est réservé" if error.errno == errno.EACCES else "est déjà pris"
            raise PortTaken(
                f"Le port {port} {why}\u00a0: arrêtez l’autre programme, ou choisissez-en un autre avec PORT=8080."
            ) from None


async def serve(app: ASGIApp, host: str, port: int, stop: asyncio.Event, drain_seconds: float = DRAIN_SECONDS) -> None:
    """Serve until `stop`, then let answers end for a few seconds."""
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=2048,
        log_enabled=False,
    )
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()  # type: ignore[no-untyped-call]
    stopping.cancel()
    await asyncio.wait({serving}, timeout=drain_seconds)


def stop_on_signals() -> asyncio.Event:
    """An event that Ctrl-C, SIGTERM and a closed terminal set (unless nohup asks to outlive it)."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, stop.set)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, stop.set)
    return stop
