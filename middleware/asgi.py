"""The ASGI door: one line of middleware."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..cache import Cache
from ..guardrails import Guard
from .caching import CacheSide
from .checks import check_resume, checked_cache
from .inbox import Receive
from .loop import LoopExchange
from .outbox import Send
from .paths import Paths
from .policy import Policy, Routes, Scope, checked_guards
from .report import ReportHook, log_report, tell
from .sources import App
from .transfer import Transfer, cuts
from .turns import Turns
from .websocket import Connection

__all__ = ["BODILESS", "Streamward"]

# Their answers have no body to stream.
BODILESS = frozenset({"HEAD", "OPTIONS", "CONNECT", "TRACE"})


class Streamward:
    """Makes the streams of an ASGI application safe, replayable and unbreakable.

    ``app.add_middleware(Streamward)`` alone keeps proxies from holding the stream, sends
    heartbeats, turns a failure in mid-answer into an error that the client understands, stops the
    application when the client leaves, and reports every stream. WebSockets get the same, as far as
    they can. Responses that are no streams, and other connections, pass untouched.

    The object holds configuration only; every exchange has its own state.

    Args:
        app: the ASGI application.
        guards: what looks at the text, such as ``[PII()]``.
        cache: where finished answers are kept, such as ``MemoryCache()``; None: nowhere.
        policy: the rules of every route that ``routes`` does not name.
        routes: other rules by path pattern (``{"/internal/*": Policy(guards=())}``); the first
            pattern that fits wins.
        on_report: gets the report of every stream. Default: one structlog event.

    Raises:
        ConfigurationError: a setting cannot work; the message says what to write instead.
    """

    def __init__(
        self,
        app: App,
        *,
        guards: Iterable[Guard] = (),
        cache: Cache | None = None,
        policy: Policy | None = None,
        routes: Mapping[str, Policy] | None = None,
        on_report: ReportHook = log_report,
    ) -> None:
        self._app = app
        self._cache = checked_cache(cache)
        self._routes = Routes(routes or {}, policy or Policy(), checked_guards(guards))
        check_resume(self._cache, wanted=self._routes.resume)
        self._on_report = on_report
        self._turns = Turns()
        self._paths = Paths()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        if scope["type"] != "http" or scope["method"] in BODILESS:
            await self._app(scope, receive, send)
            return
        route, policy, fingerprint = self._routes.find(scope["path"])
        if not policy.enabled:
            await self._app(scope, receive, send)
            return
        cache = CacheSide(
            self._cache,
            policy,
            fingerprint,
            scope,
            self._turns,
            self._paths,
        )
        transfer = None if policy.cut and cuts(scope) else Transfer(receive, send)
        if transfer is not None:
            receive, send = transfer.receive, transfer.send
        exchange = LoopExchange(
            self._app, scope, receive, send, route=route, policy=policy, cache=cache
        )
        try:
            await exchange.run()
        except Exception:
            if transfer is not None and exchange.report() is not None:
                await transfer.end()
            raise
        finally:
            tell(self._on_report, exchange.report())

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        route, policy, _ = self._routes.find(scope["path"])
        if not policy.enabled or policy.sockets is None:
            await self._app(scope, receive, send)
            return
        connection = Connection(self._app, scope, receive, send, route=route, policy=policy)
        try:
            await connection.run()
        finally:
            tell(self._on_report, connection.report())
