"""Drives a WSGI application without a server, between two of werkzeug's lint middlewares."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from werkzeug.middleware.lint import LintMiddleware
from werkzeug.test import EnvironBuilder

from .asgi import Answer

__all__ = ["ScriptedWSGI", "ask_wsgi", "environ_of", "linted"]


class ScriptedWSGI:
    """A WSGI app that gives given chunks: the script of a ``ScriptedApp``.

    Attributes:
        calls: how often it was asked.
        sent: how many chunks of the last answer were taken.
        closed: how often ``close`` was called on what it returned.
        bodies: what was asked, while ``reads`` is True.
    """

    def __init__(
        self,
        script: Sequence[bytes | float | Exception | Callable[[], object]],
        *,
        content_type: str = "text/event-stream",
        headers: Iterable[tuple[str, str]] = (),
        status: int = 200,
    ) -> None:
        self.script = script
        self.headers = [("Content-Type", content_type), *headers]
        self.status = status
        self.calls = 0
        self.sent = 0
        self.closed = 0
        self.bodies: list[bytes] = []
        self.environ: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        with self._lock:
            self.calls += 1
        self.sent = 0
        self.environ = environ
        length = int(environ.get("CONTENT_LENGTH") or 0)
        self.bodies.append(environ["wsgi.input"].read(length))
        start_response(f"{self.status} Told", list(self.headers))
        return _Chunks(self)


class _Chunks:
    def __init__(self, app: ScriptedWSGI) -> None:
        self._app = app
        self._chunks = self._script()

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        self._app.closed += 1

    def _script(self) -> Iterator[bytes]:
        for item in self._app.script:
            if isinstance(item, bytes):
                yield item
                self._app.sent += 1
            elif isinstance(item, Exception):
                raise item
            elif callable(item):
                item()
            else:
                time.sleep(item)


def linted(make: Callable[[Any], Any], app: Any) -> Any:
    """Put a middleware around an app, and a lint middleware on either side of it."""
    return LintMiddleware(make(LintMiddleware(app)))


def environ_of(
    path: str = "/v1/chat/completions",
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    query: str = "",
) -> dict[str, Any]:
    """Return the environ of a request."""
    builder = EnvironBuilder(
        path=path,
        method=method,
        headers=list((headers or {}).items()),
        data=body,
        query_string=query,
        base_url="http://test",
    )
    environ: dict[str, Any] = builder.get_environ()
    if "content-type" not in {name.lower() for name in headers or {}}:
        environ.pop("CONTENT_TYPE", None)
    return environ


def ask_wsgi(
    app: Any,
    environ: dict[str, Any] | None = None,
    *,
    leave_when: Callable[[Answer], bool] | None = None,
    slow: float = 0.0,
) -> Answer:
    """Send one request and collect the answer; ``close`` is called whatever happens."""
    answer = Answer()
    ended = False

    def write(data: bytes) -> None:
        answer.messages.append({"body": data, "more_body": True})

    def start_response(status: str, headers: list[tuple[str, str]], exc: Any = None) -> Any:
        assert answer.status == 0 or exc, "a response starts once"
        answer.status = int(status[:3])
        answer.headers = dict(headers)
        return write

    try:
        body = app(environ or environ_of(), start_response)
        try:
            for chunk in body:
                answer.messages.append({"body": chunk, "more_body": True})
                if slow:
                    time.sleep(slow)
                if leave_when is not None and leave_when(answer):
                    break
            else:
                ended = True
        finally:
            if hasattr(body, "close"):
                body.close()
    except Exception as error:
        answer.raised = error
        ended = False
    if ended:
        answer.messages.append({"body": b"", "more_body": False})
    return answer
