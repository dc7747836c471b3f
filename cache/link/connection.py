"""How a connection to Redis is opened and left."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from redis import exceptions
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    parse_url,
)
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import NoBackoff

from ...wire.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from .address import Address
    from .sentinel import Sentinels

__all__ = [
    "ListeningConnection",
    "aborting",
    "common_options",
    "connection_options",
    "listening",
    "master_pool",
    "new_connection",
]

_CONNECT_SECONDS: Final = 5.0


class ListeningConnection(Protocol):
    """What is used of a redis-py connection that is subscribed to channels."""

    async def connect(self) -> None:
        """Open it, log in."""

    async def disconnect(self, *, nowait: bool) -> None:
        """Drop it, whatever it is doing."""

    def pack_commands(self, commands: Iterable[Iterable[bytes]]) -> list[bytes]:
        """Return what to send for these commands."""
        ...

    async def send_packed_command(self, command: list[bytes], *, check_health: bool) -> None:
        """Send what ``pack_commands`` returned."""

    async def read_response(self) -> list[bytes]:
        """Wait for the next answer or message."""
        ...


class _Aborting(AbstractConnection):
    """Goes on connecting when a call gives up, and drops what is still to be sent when it fails.

    A server that is far away, with TLS, may take longer to be reached than a call may take. Begun
    anew by each call it never would be; so the next call finds it reached.

    redis-py closes politely, and asyncio then keeps socket and buffer until the other side has
    read everything. A stopped Redis never does: each large recording would stay in memory.
    """

    __slots__ = ("_connecting",)

    async def connect(self, *args: Any, **kwargs: Any) -> None:
        task: asyncio.Task[None] | None = getattr(self, "_connecting", None)
        if task is None or task.done():
            if self.is_connected:
                return
            task = asyncio.create_task(self._connect_in_time(*args, **kwargs))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._connecting = task
        await asyncio.shield(task)

    async def _connect_in_time(self, *args: Any, **kwargs: Any) -> None:
        connect = cast("Callable[..., Awaitable[None]]", super().connect)
        async with asyncio.timeout(_CONNECT_SECONDS):
            await connect(*args, **kwargs)

    async def disconnect(self, nowait: bool = False, *args: Any, **kwargs: Any) -> None:  # noqa: FBT001, FBT002 - the signature of redis-py
        task: asyncio.Task[None] | None = getattr(self, "_connecting", None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        writer: asyncio.StreamWriter | None = getattr(self, "_writer", None)
        if nowait and writer is not None:
            writer.transport.abort()
        await super().disconnect(nowait, *args, **kwargs)


def aborting(transport: type[AbstractConnection]) -> type[AbstractConnection]:
    """Return the same kind of connection, but one that drops what it cannot send."""
    return type("AbortingConnection", (_Aborting, transport), {})


def connection_options(url: str, max_connections: int) -> Mapping[str, Any]:
    """Return what a ``ConnectionPool`` for this URL is made with.

    Raises:
        ValueError: the URL, or one of its parameters, cannot be used.
        ConfigurationError: a file of TLS is not there.
    """
    given = cast("Mapping[str, Any]", parse_url(url))
    transport = given.get("connection_class", Connection)
    options: dict[str, Any] = {
        **common_options(given, max_connections, tls=issubclass(transport, SSLConnection)),
        "connection_class": aborting(transport),
        "retry": Retry(NoBackoff(), 1),
    }
    try:
        # A parameter that redis-py does not know shows up here, not at the first request.
        pool = ConnectionPool(**options)
        pool.connection_class(**pool.connection_kwargs)
    except Exception as error:
        raise ValueError(str(error)) from error
    return options


def common_options(given: Mapping[str, Any], max_connections: int, *, tls: bool) -> dict[str, Any]:
    """Return what connections are made with, of a loop or of threads.

    Args:
        given: what the URL says.
        max_connections: the most there may be.
        tls: whether they are encrypted.

    Raises:
        ConfigurationError: a file of TLS is not there.
    """
    if tls:
        # redis-py 5 does not look at the name in a certificate unless it is told.
        given = {"ssl_check_hostname": given.get("ssl_cert_reqs") != "none", **given}
    for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"):
        if name in given and not Path(given[name]).is_file():
            raise ConfigurationError(
                f"RedisCache(url) wants a file that exists: write {name}=/path/to/it.pem"
            )
    return {
        # RESP2 spares the greeting; a URL with ?protocol=3 has it.
        "protocol": 2,
        **given,
        # What follows is not for the URL to change: bytes stay bytes, and the limit of each
        # call is ours alone.
        "decode_responses": False,
        "max_connections": max_connections,
        "socket_timeout": None,
        "socket_connect_timeout": None,
        # One more attempt, on a new connection: Redis closed this one while it was idle, or has
        # become a replica while the address leads to the new master.
        "retry_on_error": [exceptions.ConnectionError, exceptions.ReadOnlyError],
    }


def master_pool(address: Address, sentinels: Sentinels) -> SentinelConnectionPool:
    """Return connections to whatever is the master when they are opened."""
    secure = issubclass(address.options["connection_class"], SSLConnection)
    transport = SentinelManagedSSLConnection if secure else SentinelManagedConnection
    options = {**address.options, "connection_class": aborting(transport)}
    options.pop("port", None)
    make = cast("Callable[..., SentinelConnectionPool]", SentinelConnectionPool)
    return make(address.service, sentinels, **options)


def listening(options: Mapping[str, Any], **changed: Any) -> Mapping[str, Any]:
    """Return these options, but for connections that listen to channels.

    They speak RESP2 whatever the URL says: there, what listens does nothing else, and every
    version of redis-py reads it alike.
    """
    return {**options, **changed, "protocol": 2}


def new_connection(pool: ConnectionPool) -> ListeningConnection:
    """Make a connection that is not open yet, and not counted by the pool."""
    return cast("ListeningConnection", pool.connection_class(**pool.connection_kwargs))
