"""What the kit has to know of a user's site."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import ConfigurationError

__all__ = ["EXAMPLE", "Site"]

# What is written into configuration files: nothing that any of their languages could misread.
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)
_UPSTREAM = re.compile(r"[a-z0-9.-]+:\d{1,5}|\[[0-9a-f:]+\]:\d{1,5}", re.IGNORECASE)
_PATH = re.compile(r"/[\w./-]*", re.ASCII)
_APP = re.compile(r"[\w.]+:[\w.]+(\(\))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Whose answers stream, from where, and for how long.

    Attributes:
        host: the name that clients ask for.
        upstreams: where the application listens, each as ``host:port``.
        paths: what the streaming paths begin with.
        app: the application as its server is told, ``module:name``.
        heartbeat: seconds between two signs of life in a silent stream, as in
            ``Policy(heartbeat=...)``; read time-outs become five of them.
        longest: seconds that the longest stream takes; restarts wait for as long.

    Raises:
        ConfigurationError: a value that cannot stand in a configuration file.
    """

    host: str = "chat.example.com"
    upstreams: tuple[str, ...] = ("127.0.0.1:8000",)
    paths: tuple[str, ...] = ("/v1/",)
    app: str = "app:app"
    heartbeat: int = 15
    longest: int = 600

    def __post_init__(self) -> None:
        _fits("host", (self.host,), _HOST, "chat.example.com")
        _fits("upstream", self.upstreams, _UPSTREAM, "127.0.0.1:8000")
        _fits("path", self.paths, _PATH, "/v1/")
        _fits("app", (self.app,), _APP, "package.module:app")
        if self.heartbeat < 1 or self.longest < 1:
            raise ConfigurationError("heartbeat and longest are whole seconds, at least 1")

    @property
    def silence(self) -> int:
        """Seconds of silence after which a proxy of ours gives up: five heartbeats."""
        return 5 * self.heartbeat

    @property
    def port(self) -> str:
        """The port of the first upstream."""
        return self.upstreams[0].rpartition(":")[2]


def _fits(name: str, values: tuple[str, ...], shape: re.Pattern[str], such_as: str) -> None:
    if not values:
        raise ConfigurationError(f"{name} is missing: write one such as {such_as}")
    for value in values:
        if not shape.fullmatch(value):
            raise ConfigurationError(f"{name} {value!r} cannot be: write one such as {such_as}")


EXAMPLE = Site()
"""The site that the shipped files are written for."""
