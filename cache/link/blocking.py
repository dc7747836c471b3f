"""How a connection to Redis is opened, and kept in time, where threads wait for it.

What awaits here never pauses: the same commands serve those that run without a loop.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Self, cast

from redis import ConnectionPool, Redis, exceptions
from redis import connection as connections
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import (
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)

from .connection import common_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .address import Address, Host

__all__ = [
    "DEADLINE",
    "InlineRedis",
    "blocking_master_pool",
    "blocking_options",
    "blocking_pool",
    "seconds_left",
]

DEADLINE: Final[ContextVar[float | None]] = ContextVar("streamward_deadline", default=None)
"""When the call under way must be over, on ``time.monotonic()``."""


class InlineRedis(Redis):
    """A client whose commands are awaited, but do their work at once, in the calling thread."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command and return its answer."""
        base: Any = super()
        return base.execute_command(*args, **options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def aclose(self) -> None:
        """Close the connections."""
        self.close()
        self.connection_pool.disconnect()


class _Manager:
    """What redis-py asks for the master."""

    def __init__(self, discover: Callable[[], Host]) -> None:
        self._discover = discover

    def discover_master(self, service_name: str) -> Host:
        del service_name
        return self._discover()


class _Timed(connections.AbstractConnection):
    """Waits for nothing longer than until the deadline of the call, connecting included."""

    def _connect(self) -> Any:
        if (rest := seconds_left()) is not None:
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
        if sock is not None and (rest := seconds_left()) is not None:
            sock.settimeout(rest)


def seconds_left() -> float | None:
    """Return how long the call under way may still take, or None where there is none.

    Raises:
        redis.exceptions.TimeoutError: its time is up.
    """
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
        "connection_class": _timed(transport),
        "retry": retry,
    }


def blocking_pool(options: Mapping[str, Any]) -> ConnectionPool:
    """Return a pool that opens connections at need."""
    return ConnectionPool(**options)


def blocking_master_pool(address: Address, discover: Callable[[], Host]) -> ConnectionPool:
    """Return connections to whatever is the master when they are opened.

    Args:
        address: made with :func:`blocking_options`.
        discover: returns the master.
    """
    secure = issubclass(address.options["connection_class"], connections.SSLConnection)
    transport = SentinelManagedSSLConnection if secure else SentinelManagedConnection
    options = {**address.options, "connection_class": _timed(transport)}
    options.pop("port", None)
    make = cast("Callable[..., ConnectionPool]", SentinelConnectionPool)
    return make(address.service, _Manager(discover), **options)


def _timed(transport: type[connections.AbstractConnection]) -> type[connections.AbstractConnection]:
    return type("TimedConnection", (_Timed, transport), {})
