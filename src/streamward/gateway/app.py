"""The gateway: an ASGI application that hands every request to one server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from ..errors import ConfigurationError, MissingExtraError, NotForwardedError
from ..middleware.inbox import Receive
from ..middleware.outbox import Send
from .headers import Forwarded, added_headers
from .problems import problem
from .rules import Rules
from .settings import Retries, UpstreamTimeouts
from .upstream import Upstream

if TYPE_CHECKING:
    import httpx

__all__ = ["Gateway"]


class Gateway:
    """Passes requests to an upstream and its answers back, each byte as it came.

    It is an ASGI application, to put ``Streamward`` around::

        app = Streamward(Gateway("http://127.0.0.1:11434"), guards=[PII()])

    Method, path, query, headers and bodies are passed on as they came, but for the headers that
    are about one connection (RFC 9110 §7.6.1), ``Host`` and ``Expect``. Nothing is decoded,
    followed, remembered or added. When the client leaves, the connection to the upstream is closed.
    WebSockets are refused with 501.

    Where the upstream gives no answer, the client gets 502 or 504, as JSON in the shape of
    OpenAI's, Anthropic's or Ollama's API. An answer that breaks off raises, so that ``Streamward``,
    or the server, tells the client.

    Connections are closed when the server sends ``lifespan.shutdown``; who mounts the gateway in
    another application calls :meth:`aclose`.

    Args:
        upstream: ``http://host:port``; a path goes before the path of every request.
        headers: further ones for every request, such as ``{"Authorization": "Bearer …"}``; they
            replace what the client says under the same name.
        keep_host: True passes the client's ``Host`` on. Default: the upstream's own.
        forwarded: what becomes of ``X-Forwarded-For``, ``-Proto`` and ``-Host``. ``"leave"``: they
            are passed on like all others. ``"append"``: the client's address is added, the others
            where they are missing. ``"replace"``: they say what the gateway sees, and nothing else.
        timeouts: how long the upstream may take.
        retries: when it is asked again.
        transport: makes the connections, such as ``httpx.AsyncHTTPTransport(uds=…, limits=…)``;
            default: as many as there are requests, over TCP, and TLS with httpx's certificates.

    Raises:
        ConfigurationError: a setting cannot work.
        MissingExtraError: httpx is not installed.
    """

    def __init__(
        self,
        upstream: str,
        *,
        headers: Mapping[str, str] | None = None,
        keep_host: bool = False,
        forwarded: Forwarded = "leave",
        timeouts: UpstreamTimeouts | None = None,
        retries: Retries | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        try:
            from .forwarding import Forwarding
            from .transport import open_transport
        except ImportError as error:
            raise MissingExtraError("gateway", "Gateway") from error
        if forwarded not in get_args(Forwarded):
            raise ConfigurationError("forwarded=... is 'leave', 'append' or 'replace'")
        self._rules = Rules(
            upstream=Upstream(upstream),
            headers=added_headers(headers or {}),
            keep_host=keep_host,
            forwarded=forwarded,
            timeouts=timeouts or UpstreamTimeouts(),
            retries=retries or Retries(),
        )
        self._forwarding = Forwarding
        self._transport = transport or open_transport()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await _refuse(scope, send)
        else:
            await self._forwarding(self._rules, self._transport, scope, receive, send).run()

    async def aclose(self) -> None:
        """Close the connections to the upstream."""
        await self._transport.aclose()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.aclose()
        await send({"type": "lifespan.shutdown.complete"})


async def _refuse(scope: Any, send: Send) -> None:
    """Refuse a WebSocket; a server that cannot say why closes it, which is a 403."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1011})
        return
    status, body = problem(scope, NotForwardedError("upgrade"))
    headers = [(b"content-type", b"application/json")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
