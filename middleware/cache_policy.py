"""How the streams of a route are recorded and replayed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ..cache import Instant, Pace, Recording
from ..wire.errors import ConfigurationError
from .checks import positive
from .directives import DIRECTIVES, Directive

__all__ = ["CachePolicy", "Scope"]

Scope = MutableMapping[str, Any]
Keepable = Literal["length", "content_filter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePolicy:
    """How streams of a route are recorded and replayed.

    Attributes:
        ttl: seconds that a recording lives, at the most.
        jitter: up to this share of ``ttl`` is taken off, from 0 (nothing) to below 1; how much
            depends on the request alone. Recordings that were made together do not end together.
        pace: how it is replayed: ``Instant()``, ``Original()`` or ``FixedRate(n)``.
        principal: tells whose a request is, from the ASGI scope; None from it means nobody's, and
            nothing is cached. Default: the credentials of the request (``Authorization``,
            ``Cookie``, API key headers).
        shared: True serves a recording to everybody. Say it only where no answer is personal.
        authorize: asked before every replay, with the ASGI scope: may this request have it? A
            function or a coroutine function. Anything but True, and an exception, means no: the
            application is asked as if there were no recording, and its answer is not kept.
        ignore_headers: further request headers that do not change the answer.
        obey: what a client may ask for with ``Cache-Control``: any of ``"max-age"``,
            ``"no-cache"``, ``"no-store"`` and ``"only-if-cached"``. Default: nothing, since all
            but the last let whoever asks spend your money.
        keep: answers to keep although they are not complete: ``"length"``, those that reached a
            limit of tokens, ``"content_filter"``, those that the upstream's own filter stopped.
            Both must have ended properly. Default: neither, since asking again may give the
            whole answer.
        keep_if: gets every recording that would be kept; anything but True from it forgets that
            one. For streams of a shape that nobody knows it can look for their end. It must not
            block.
        join: False lets each of several identical requests at the same time ask the application.
            Otherwise one does, and the others get its answer while it is being given.
        samples: how many different answers to one request are kept. They are made one by one, as
            the request comes again, and then served in turn; each process counts for itself.
        quota: the most bytes, as stored, that one scope may keep at a time; what comes on top is
            delivered, and not kept. Routes that share a store count together, those without a
            quota apart, and each looks at its own. Default: None, no limit.

    Raises:
        ConfigurationError: a value that cannot work.
    """

    ttl: float = 3600.0
    jitter: float = 0.0
    pace: Pace = field(default_factory=Instant)
    principal: Callable[[Scope], str | None] | None = None
    shared: bool = False
    authorize: Callable[[Scope], bool | Awaitable[bool]] | None = None
    ignore_headers: frozenset[str] = frozenset()
    obey: frozenset[Directive] = frozenset()
    keep: frozenset[Keepable] = frozenset()
    keep_if: Callable[[Recording], bool] | None = None
    join: bool = True
    samples: int = 1
    quota: int | None = None

    def __post_init__(self) -> None:
        positive("CachePolicy", "ttl", self.ttl)
        if not isinstance(self.jitter, int | float) or not 0 <= self.jitter < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError("CachePolicy(jitter=...) must be from 0 to below 1")
        if not isinstance(self.samples, int) or self.samples < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError("CachePolicy(samples=...) must be a whole number from 1 on")
        if self.quota is not None and (not isinstance(self.quota, int) or self.quota < 1):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError("CachePolicy(quota=...) must be a whole number from 1 on")
        if self.shared and self.principal is not None:
            raise ConfigurationError(
                "CachePolicy(shared=True) serves everybody: leave principal out, or shared",
            )
        _choice("obey", self.obey, DIRECTIVES)
        _choice("keep", self.keep, frozenset(get_args(Keepable)))

    def lifetime(self, key: bytes) -> float:
        """Return how many seconds the recording under ``key`` lives."""
        share = int.from_bytes(key[:4], "big") / 2**32  # keys are hashes: evenly spread
        return self.ttl * (1 - self.jitter * share)


def _choice(name: str, given: object, known: frozenset[str]) -> None:
    if not isinstance(given, frozenset) or not given <= known:
        words = ", ".join(sorted(repr(word) for word in known))
        raise ConfigurationError(f"CachePolicy({name}=frozenset(...)) takes any of {words}")
