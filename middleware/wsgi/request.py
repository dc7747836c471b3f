"""A WSGI request, as the rest of streamward knows requests, and back."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, TextIO, TypeAlias, cast
from urllib.parse import quote

from ..controls import CONTROLS, controls_in
from ..headers import Headers
from ..inbox import Message, Receive
from ..policy import Scope
from .steps import run

__all__ = ["Environ", "Input", "Request", "StartResponse", "WSGIApp", "status_line", "texts"]

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Callable[[bytes], object]]
WSGIApp: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

_PIECE = 64 * 1024
_SAFE = "/!$&'()*+,;=:@~"


class Request:
    """One request.

    Args:
        environ: the server's.

    Attributes:
        scope: what an ASGI server would say of it; the environ is under ``"environ"``.
        log: the server's, for errors.
    """

    def __init__(self, environ: Environ) -> None:
        self._environ = environ
        self._rest = _length(environ)
        self._read = False
        self._whole = False
        self.scope = _scope(environ)
        self.log: TextIO = environ["wsgi.errors"]

    async def receive(self) -> Message:
        """Return the next piece of the body, as an ASGI server would."""
        self._read = True
        if self._whole:
            return {"type": "http.disconnect"}
        if self._rest is None and not self._environ.get("wsgi.input_terminated"):
            if self._environ.get("HTTP_TRANSFER_ENCODING"):
                return {"type": "http.disconnect"}  # there is a body, but nobody says where it ends
            self._rest = 0
        size = _PIECE if self._rest is None else min(_PIECE, self._rest)
        body: bytes = self._environ["wsgi.input"].read(size) if size else b""
        if self._rest is not None:
            if size and not body:
                return {"type": "http.disconnect"}
            self._rest -= len(body)
        self._whole = self._rest == 0 or (self._rest is None and not body)
        return {"type": "http.request", "body": body, "more_body": not self._whole}

    def fit(self, scope: Scope, receive: Receive) -> Environ:
        """Return the environ for the application: what was read can be read again."""
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                self._environ["HTTP_ACCEPT_ENCODING"] = value.decode("latin-1")
            elif name == b"content-length":
                self._environ["CONTENT_LENGTH"] = value.decode("latin-1")
        self._environ[CONTROLS] = controls_in(scope)
        if self._read:
            self._environ["wsgi.input"] = io.BufferedReader(Input(receive), _PIECE)
            self._environ["wsgi.input_terminated"] = True
        return self._environ


class Input(io.RawIOBase):
    """The body of a request, as a file.

    Args:
        receive: gives it in pieces.
    """

    def __init__(self, receive: Receive) -> None:
        super().__init__()
        self._receive = receive
        self._piece = b""
        self._more = True

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, or a part of it; 0 at the end."""
        while not self._piece and self._more:
            message = run(cast("Any", self._receive()))
            self._piece = message.get("body", b"")
            self._more = message["type"] == "http.request" and message.get("more_body", False)
        taken = self._piece[: len(buffer)]
        buffer[: len(taken)] = taken
        self._piece = self._piece[len(taken) :]
        return len(taken)


def _length(environ: Environ) -> int | None:
    """Return how long the body is; None where only its end will tell."""
    told = environ.get("CONTENT_LENGTH") or ""
    return int(told) if told.isdigit() else None


def _scope(environ: Environ) -> Scope:
    root, path = environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", "")
    whole = f"{root}{path}".encode("latin-1")
    return {
        "type": "http",
        "http_version": environ.get("SERVER_PROTOCOL", "HTTP/1.1").rpartition("/")[2],
        "method": environ["REQUEST_METHOD"],
        "scheme": environ.get("wsgi.url_scheme", "http"),
        "path": whole.decode("utf-8", "replace"),
        "raw_path": _raw_path(environ) or quote(whole, safe=_SAFE).encode("ascii"),
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "root_path": root,
        "headers": _headers(environ),
        "client": (environ.get("REMOTE_ADDR", ""), 0),
        "server": (environ.get("SERVER_NAME", ""), 0),
        "environ": environ,
    }


def _raw_path(environ: Environ) -> bytes:
    """Return the path as the client wrote it, where the server keeps it."""
    told: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    return told.partition("?")[0].encode("latin-1") if told.startswith("/") else b""


def _headers(environ: Environ) -> Headers:
    """Return the request headers, as far as the environ keeps them apart."""
    found: Headers = []
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            found.append((_name(name[5:]), value.encode("latin-1")))
        elif name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            found.append((_name(name), value.encode("latin-1")))
    return found


def _name(variable: str) -> bytes:
    return variable.replace("_", "-").lower().encode("latin-1")


def status_line(status: int) -> str:
    """Return a status with its phrase."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def texts(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Return headers as WSGI wants them."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
