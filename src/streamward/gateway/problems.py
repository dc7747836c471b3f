"""What a client is told where its upstream gives no answer, in the words of who it takes us for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from re import Pattern
from typing import Any

from ..errors import (
    NotForwardedError,
    StreamwardError,
    UpstreamTimeoutError,
)
from ..wire import dumps

__all__ = ["problem", "status_of"]

_REFUSED = {"target": 400, "malformed": 400, "method": 501, "upgrade": 501}


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one vendor's API says that something failed.

    Attributes:
        paths: of that API; ``asks`` is set by its clients only.
        says: makes the object from the status, the code and the sentence.
    """

    paths: Pattern[str]
    asks: bytes | None
    says: Callable[[int, str, str], Any]


def _anthropic(status: int, code: str, message: str) -> Any:
    kind = "invalid_request_error" if status < 500 else "api_error"
    kind = "timeout_error" if status == 504 else kind
    return {"type": "error", "error": {"type": kind, "message": message, "code": code}}


def _ollama(status: int, code: str, message: str) -> Any:
    del status, code  # its clients show the status; there is no place for a code
    return {"error": message}


def _openai(status: int, code: str, message: str) -> Any:
    kind = "invalid_request_error" if status < 500 else "server_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


_OLLAMA = (
    r"/api/(?:blobs|chat|copy|create|delete|embed|embeddings|generate|ps|pull|push|show|tags|"
    r"version|web_fetch|web_search)(?:/|$)"
)

# Asked from top to bottom; most servers speak as OpenAI's does.
_SHAPES = (
    _Shape(re.compile(r"/v1/messages(?:/|$)|/v1/complete$"), b"anthropic-version", _anthropic),
    _Shape(re.compile(_OLLAMA), None, _ollama),
    _Shape(re.compile(""), None, _openai),
)


def problem(scope: Any, error: StreamwardError) -> tuple[int, bytes]:
    """Return the status and the JSON body that say why a request has no answer."""
    names = {name for name, _ in scope["headers"]}
    shape = next(one for one in _SHAPES if one.asks in names or one.paths.search(scope["path"]))
    status = status_of(error)
    return status, dumps(shape.says(status, error.code, error.public_message))


def status_of(error: StreamwardError) -> int:
    """Return the status of an answer that is none: 502 but for what RFC 9110 tells apart."""
    if isinstance(error, NotForwardedError):
        return _REFUSED[error.reason]
    if isinstance(error, UpstreamTimeoutError):
        return 504
    return 502
