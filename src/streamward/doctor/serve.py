"""The echo as a server of its own: ``streamward doctor --serve``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import uvicorn

from .echo import Echo

__all__ = ["echo_server"]


def echo_server() -> uvicorn.Server:
    """Return a server that answers every path with an echo, not started yet.

    Its echo can break a connection before the answer, as a server does that crashes; inside an
    application of yours it cannot, since the server then answers with status 500.
    """

    def abort(scope: Mapping[str, Any]) -> None:
        connection: Any  # uvicorn's protocols differ, but each HTTP/1.1 one has both
        for connection in list(server.server_state.connections):
            if getattr(connection, "client", None) == tuple(scope["client"]):
                connection.transport.abort()

    echo = Echo(abort=abort)
    config = uvicorn.Config(
        echo,
        lifespan="off",
        ws="none",
        log_level="critical",
        proxy_headers=False,  # a scope must keep the address of its connection
    )
    server = uvicorn.Server(config)
    return server
