"""The command's work: what was typed becomes an application, and a server serves it."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import structlog
import uvicorn

from ..cache import Cache, MemoryCache, RedisCache
from ..cachectl.options import with_password
from ..errors import ConfigurationError, StreamwardError
from ..guardrails import PII, Guard, SecretScan, Toxicity, ToxicityScreen
from ..listening import listen, url_of
from ..middleware import Policy, Streamward
from .app import Gateway
from .headers import Forwarded
from .settings import Retries, UpstreamTimeouts
from .transport import open_transport

__all__ = ["GUARDS", "Wish", "application", "run"]

GUARDS: dict[str, Callable[[], Guard]] = {
    "pii": PII,
    "secrets": SecretScan,
    "toxicity": Toxicity,
    "toxicity-screen": ToxicityScreen,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was typed; ``command`` says what it means. Times are in seconds, None: no limit."""

    upstream: str
    host: str
    port: int
    guards: tuple[str, ...]
    mode: Literal["enforce", "monitor"]
    prompt: Literal["pass", "redact", "block", "pseudonymise"]
    cache: str | None
    cache_password_file: Path | None
    heartbeat: float | None
    headers_file: Path | None
    keep_host: bool
    forwarded: Forwarded
    cacert: Path | None
    connect: float | None
    first_byte: float | None
    between_bytes: float | None
    attempts: int
    grace: int | None


def run(wish: Wish) -> None:
    """Serve until Ctrl-C or SIGTERM; open answers may end.

    Raises:
        ConfigurationError: something that was typed cannot be used.
    """
    app = application(wish)
    with listen(wish.host, wish.port) as sock:
        own = url_of(sock)
        _check_loop(wish.upstream, own)
        guards = ", ".join(wish.guards) or "none"
        _say(f"{own} → {wish.upstream}  guards: {guards}  cache: {_cache_name(wish.cache)}")
        _log()
        server = _Server(_config(app, wish.grace))
        server.run(sockets=[sock])


def application(wish: Wish) -> Streamward:
    """Return the gateway with streamward around it.

    Raises:
        ConfigurationError: something that was typed cannot be used.
    """
    if not wish.guards and (wish.mode == "monitor" or wish.prompt != "pass"):
        raise ConfigurationError("--monitor and --prompt say what guards do: name one with --guard")
    gateway = Gateway(
        wish.upstream,
        headers=_headers(wish.headers_file),
        keep_host=wish.keep_host,
        forwarded=wish.forwarded,
        timeouts=UpstreamTimeouts(
            connect=wish.connect, first_byte=wish.first_byte, between_bytes=wish.between_bytes
        ),
        retries=Retries(attempts=wish.attempts),
        transport=open_transport(_trust(wish.cacert)),
    )
    return Streamward(
        gateway,
        guards=[GUARDS[name]() for name in wish.guards],
        cache=_cache(wish),
        policy=Policy(mode=wish.mode, prompt=wish.prompt, heartbeat=wish.heartbeat),
    )


class _Server(uvicorn.Server):
    """A server that has done what it was asked to when a signal stops it."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stop at Ctrl-C and SIGTERM; uvicorn would raise the signal once more at the end."""
        stops = (signal.SIGINT, signal.SIGTERM)
        before = {stop: signal.signal(stop, self.handle_exit) for stop in stops}
        try:
            yield
        finally:
            for stop, handler in before.items():
                signal.signal(stop, handler)


def _config(app: Any, grace: int | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="on",
        ws="none",  # the gateway refuses them itself
        log_config=None,
        access_log=False,
        proxy_headers=False,  # the gateway passes on what came, and from whom
        server_header=False,
        date_header=False,  # the upstream's stands there
        timeout_graceful_shutdown=grace,
    )


def _log() -> None:
    """Write reports to stdout, for programs where nobody looks; leave out what they say already."""
    if not sys.stdout.isatty():
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.JSONRenderer(),
            ]
        )
    logging.getLogger("uvicorn.error").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    reported = record.exc_info is not None and isinstance(record.exc_info[1], _REPORTED)
    return not reported and not record.getMessage().startswith(_UPGRADES)


_REPORTED = (StreamwardError, asyncio.CancelledError)

# uvicorn's advice to whoever refuses WebSockets.
_UPGRADES = ("Unsupported upgrade request", "No supported WebSocket library")


def _check_loop(upstream: str, own: str) -> None:
    there, here = urlsplit(upstream), urlsplit(own)
    ours = {here.hostname, "localhost", "127.0.0.1", "::1"}
    if there.hostname in ours and there.port == here.port:
        raise ConfigurationError(f"the upstream would be this gateway itself: {own}")


def _headers(path: Path | None) -> dict[str, str]:
    """Return the headers in a file. They may be secret, so no error quotes them."""
    if path is None:
        return {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read") from error
    found: dict[str, str] = {}
    for line in filter(str.strip, lines):
        name, colon, value = line.partition(":")
        if not colon:
            raise ConfigurationError(f"{path} wants lines such as 'Authorization: Bearer …'")
        found[name.strip()] = value.strip()
    return found


def _trust(path: Path | None) -> ssl.SSLContext | None:
    if path is None:
        return None
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ConfigurationError("the file of --cacert holds no certificates") from error


def _cache(wish: Wish) -> Cache | None:
    if wish.cache is None:
        return None
    if wish.cache == "memory":
        return MemoryCache()
    if "://" not in wish.cache:
        raise ConfigurationError("--cache is 'memory', or the URL of a Redis: redis://host:6379/0")
    url = with_password(wish.cache, wish.cache_password_file, "--cache", "--cache-password-file")
    return RedisCache(url)


def _cache_name(cache: str | None) -> str:
    return "off" if cache is None else cache.partition("://")[0]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201  # nobody reads logs for that
