"""Loopback ports: outside the range the kernel lends to clients, so a reconnecting client never takes a server's."""

import errno
import random
import socket

from shared.embedded.errors import CannotStart

LOWEST, HIGHEST = 20_000, 32_000


def free_port(wanted: int = 0, avoid: frozenset[int] = frozenset()) -> int:
    """A port of 127.0.0.1 nobody listens on, `wanted` if it is still free."""
    if wanted and wanted not in avoid and is_free(wanted):
        return wanted
    for port in random.sample(range(LOWEST, HIGHEST), 200):
        if port not in avoid and is_free(port):
            return port
    raise CannotStart(f"Aucun port libre n’a été trouvé sur 127.0.0.1 entre {LOWEST} et {HIGHEST}.")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def require_free(port: int, host: str = "127.0.0.1") -> None:
    """Raise CannotStart with one sentence when the site's own port is taken or not allowed."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CannotStart(
                    f"Le port {port} est déjà pris par un autre programme : "
                    f"choisissez-en un autre, par exemple PORT={port + 1}."
                ) from error
            if error.errno == errno.EACCES:
                raise CannotStart(
                    f"Ce compte n’a pas le droit d’écouter sur le port {port} : choisissez un port au-dessus de 1023."
                ) from error
            raise CannotStart(f"Impossible d’écouter sur {host}, port {port} : {error.strerror}.") from error
