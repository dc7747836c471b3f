"""A socket for a server of the command line."""

from __future__ import annotations

import os
import socket

from .errors import ConfigurationError

__all__ = ["listen", "url_of"]


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises:
        ConfigurationError: nobody can listen there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        # `create_server` repeats the address in `strerror`.
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigurationError(
            f"cannot listen on {host} port {port} ({reason}): try another --port",
        ) from error


def url_of(sock: socket.socket) -> str:
    """Return the URL of a socket that listens."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
