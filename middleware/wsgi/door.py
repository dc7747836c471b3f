"""The WSGI door: one line of middleware."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine, Iterable, Mapping
from typing import Any

from ...cache import Cache, ThreadedCache
from ...guardrails import Guard
from ...wire.errors import ConfigurationError
from ..asgi import BODILESS
from ..bounds import inline
from ..caching import CacheSide
from ..checks import check_resume, checked_cache
from ..exchange import Exchange
from ..paths import Paths
from ..policy import Policy, Routes, checked_guards
from ..report import ReportHook, log_report, tell
from ..turns import Turns
from .exchange import WSGIExchange
from .request import Environ, Request, StartResponse, WSGIApp

__all__ = ["StreamwardWSGI"]


class StreamwardWSGI:
    """Makes the streams of a WSGI application safe, replayable and unbreakable.

    ``app.wsgi_app = StreamwardWSGI(app.wsgi_app)`` (Flask) or
    ``application = StreamwardWSGI(get_wsgi_application())`` (Django) does what
    :class:`~streamward.Streamward` does, in the thread that serves the request: no event loop is
    started. What needs somebody beside that thread is said under each setting.

    The object holds configuration only; every exchange has its own state.

    Args:
        app: the WSGI application.
        guards: what looks at the text, such as ``[PII()]``. The thread waits for those that take
            long.
        cache: where finished answers are kept, such as ``MemoryCache()``; None: nowhere.
        policy: the rules of every route that ``routes`` does not name. ``Policy(timeouts=…)``
            is kept to when the application next gives something, ``Policy(on_leave=…)`` when
            the server next fails to send.
        routes: other rules by path pattern; the first pattern that fits wins.
        on_report: gets the report of every stream. Default: one structlog event.
        heartbeats: True calls the application in a thread beside the server's: only then does the
            client get signs of life while the application is silent, and are its time-outs, and a
            client that left, noticed in silence. It costs one more thread for each request.

    Raises:
        ConfigurationError: a setting cannot work; the message says what to write instead.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        guards: Iterable[Guard] = (),
        cache: Cache | None = None,
        policy: Policy | None = None,
        routes: Mapping[str, Policy] | None = None,
        on_report: ReportHook = log_report,
        heartbeats: bool = False,
    ) -> None:
        self._app = app
        self._cache = _for_threads(checked_cache(cache))
        own = checked_guards(guards)
        self._routes = Routes(routes or {}, policy or Policy(), own, calls=inline)
        check_resume(self._cache, wanted=self._routes.resume)
        self._on_report = on_report
        self._heartbeats = heartbeats
        self._turns = Turns()
        self._paths = Paths()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Handle one request."""
        if environ["REQUEST_METHOD"] in BODILESS:
            return self._app(environ, start_response)
        request = Request(environ)
        route, policy, fingerprint = self._routes.find(request.scope["path"])
        if not policy.enabled:
            return self._app(environ, start_response)
        cache = CacheSide(
            self._cache,
            policy,
            fingerprint,
            request.scope,
            self._turns,
            self._paths,
            begin=_later,
        )
        exchange = WSGIExchange(
            self._app,
            request,
            start_response,
            route=route,
            policy=policy,
            cache=cache,
            beside=self._heartbeats,
            on_end=self._report,
        )
        return exchange.answer()

    def _report(self, exchange: Exchange) -> None:
        tell(self._on_report, exchange.report())


def _for_threads(cache: Cache | None) -> Cache | None:
    if cache is None:
        return None
    if not isinstance(cache, ThreadedCache):
        raise ConfigurationError(
            "cache=... must work without an event loop: write MemoryCache() or RedisCache(url), "
            "or give your own store a method in_threads()"
        )
    return cache.in_threads()


def _later(work: Coroutine[Any, Any, bytes]) -> Awaitable[bytes]:
    return work
