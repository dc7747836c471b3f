"""Where requests go: one server, and nowhere else."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

from ..errors import ConfigurationError, NotForwardedError

__all__ = ["Upstream"]

# `..` as servers may read it: also with either slash, or with parameters behind it.
_SEPARATORS = re.compile(rb"[/\\]")


class Upstream:
    """The server behind a gateway.

    Args:
        url: ``http://host:port``; a path goes before the path of every request.

    Attributes:
        url: scheme, host and port.
        host: as the ``Host`` header says it.

    Raises:
        ConfigurationError: it is no such URL.
    """

    def __init__(self, url: str) -> None:
        parts = _parts(url)
        self.url = f"{parts.scheme}://{parts.netloc}"
        self.host = parts.netloc.encode("ascii")
        self._prefix = parts.path.rstrip("/").encode("ascii")

    def target(self, scope: Any) -> bytes:
        """Return what to ask for: the path and query of a request as they came, behind the prefix.

        Raises:
            NotForwardedError: it names no path, or leaves the prefix.
        """
        path: bytes = scope.get("raw_path") or quote(scope["path"]).encode("ascii")
        path = path.removeprefix(scope.get("root_path", "").encode()) or b"/"  # where it is mounted
        if not path.startswith(b"/") or (self._prefix and _climbs(path)):
            raise NotForwardedError("target")
        query: bytes = scope.get("query_string", b"")
        return self._prefix + path + (b"?" + query if query else b"")


def _parts(url: str) -> SplitResult:
    said = "write the upstream as http://host:port, or with a path that all requests get"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(said) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ConfigurationError(said)
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("no credentials in the upstream's URL: write headers=… for them")
    if "?" in url or "#" in url or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigurationError(said)
    return parts


def _climbs(path: bytes) -> bool:
    """Whether a server could read a path as one that leads upwards, however often it decodes."""
    while (decoded := unquote_to_bytes(path)) != path:
        path = decoded
    return any(part.partition(b";")[0] == b".." for part in _SEPARATORS.split(path))
