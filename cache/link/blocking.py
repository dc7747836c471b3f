"""How a connection to Redis is opened, and kept in time, where threads wait for it.

What awaits here never pauses: the same commands serve those that run without a loop.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, cast

from redis import ConnectionPool, Redis, exceptions
from redis import connection as connections
from redis.backoff import NoBackoff
from redis.retry import Retry

from .connection import common_options

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEADLINE", "InlineRedis", "blocking_options", "blocking_pool"]

DEADLINE: Final[ContextVar[float | None]] = ContextVar("streamward_deadline", default=None)
"""When the call under way must be over, on ``time.monotonic()``."""


class InlineRedis(Redis):
    """A client whose commands are awaited, but do their work at once, in the calling thread."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command and return its answer."""
        base: Any = super()
        return base.execute_command(*args, **options)


class _Timed(connections.AbstractConnection):
    """Waits for nothing longer than until the deadline of the call, connecting included."""

    def _connect(self) -> Any:
        if (rest := _rest()) is not None:
            self.socket_connect_timeout = self.socket_timeout = rest
        base: Any = super()
        return base._connect()  # noqa: SLF001 - its own

    def send_packed_command(self, command: Any, check_health: bool = True) -> Any:  # noqa: FBT001, FBT002 - the signature of redis-py
        self._hurry()
        base: Any = super()
        return base.send_packed_command(command, check_health)

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        self._hurry()
        base: Any = super()
        return base.read_response(*args, **kwargs)

    def _hurry(self) -> None:
        sock = getattr(self, "_sock", None)
        if sock is not None and (rest := _rest()) is not None:
            sock.settimeout(rest)


def _rest() -> float | None:
    if (deadline := DEADLINE.get()) is None:
        return None
    if (rest := deadline - time.monotonic()) <= 0:
        raise exceptions.TimeoutError("the time of the call is up")
    return rest


def blocking_options(url: str, max_connections: int) -> Mapping[str, Any]:
    """Return what a pool for this URL is made with.

    Raises:
        ValueError: the URL, or one of its parameters, cannot be used.
        ConfigurationError: a file of TLS is not there.
    """
    given: Mapping[str, Any] = cast("Any", connections).parse_url(url)
    transport = given.get("connection_class", connections.Connection)
    tls = issubclass(transport, connections.SSLConnection)
    retry = Retry(NoBackoff(), 1, supported_errors=(exceptions.ConnectionError,))
    return {
        **common_options(given, max_connections, tls=tls),
        "connection_class": type("TimedConnection", (_Timed, transport), {}),
        "retry": retry,
    }


def blocking_pool(options: Mapping[str, Any]) -> ConnectionPool:
    """Return a pool that opens connections at need."""
    return ConnectionPool(**options)
