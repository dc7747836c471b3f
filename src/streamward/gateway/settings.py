"""How long an upstream may take, and when it is asked again: frozen, checked when made."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ConfigurationError
from ..middleware.checks import positive, positive_or_none

__all__ = ["IDEMPOTENT", "Retries", "UpstreamTimeouts"]

# Asking twice does what asking once does (RFC 9110 §9.2.2).
IDEMPOTENT = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "QUERY"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamTimeouts:
    """How long an upstream may take, in seconds; None: for ever.

    How long a *stream* may be silent, the policy of the route says (``Policy(timeouts=…)``).

    Attributes:
        connect: to accept a connection, TLS included.
        pool: for a connection to become free, where a transport of yours limits their number.
        first_byte: from the last byte of the request to the first one of the answer. An answer
            that is no stream is written before it begins: this is how long a model may take.
        between_bytes: from one piece of the answer to the next; and to take a piece of the request.
    """

    connect: float | None = 5.0
    pool: float | None = 10.0
    first_byte: float | None = 600.0
    between_bytes: float | None = 300.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            positive_or_none("UpstreamTimeouts", name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """When an upstream is asked again. Never once anything of an answer has left.

    A connection that could not be made is tried again for every method, since nobody got the
    request. Whatever happens later, only a request of ``methods`` is sent again, and only if all of
    its body is still there.

    Attributes:
        attempts: how often an upstream is asked, at most; 1: never again.
        wait: seconds before the second time, and twice as many before each further one; of these
            a random part is left out, so that many clients do not come at the same moment.
        longest_wait: the most seconds; an upstream that wants more (``Retry-After``) is not asked
            again.
        methods: that may be sent twice. POST is not among them: it may be paid for twice.
        statuses: of answers that are not passed on while the upstream can be asked again, such as
            ``{429, 503}``. None unless told.
        keep_body: the most bytes of a body that are kept to be sent again. None unless told: then
            only a request without a body can be sent twice.
    """

    attempts: int = 3
    wait: float = 0.1
    longest_wait: float = 5.0
    methods: frozenset[str] = IDEMPOTENT
    statuses: frozenset[int] = frozenset()
    keep_body: int = 0

    def __post_init__(self) -> None:
        positive("Retries", "wait", self.wait)
        positive("Retries", "longest_wait", self.longest_wait)
        if not isinstance(self.attempts, int) or self.attempts < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError("Retries(attempts=...) must be a whole number from 1 on")
        if not isinstance(self.keep_body, int) or self.keep_body < 0:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError("Retries(keep_body=...) takes bytes, from 0 on")
        if not isinstance(self.methods, frozenset) or any(m != m.upper() for m in self.methods):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError("Retries(methods=...) takes frozenset({'GET', 'POST'})")
        if not isinstance(self.statuses, frozenset) or any(s < 400 for s in self.statuses):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError("Retries(statuses=...) takes frozenset({429, 503})")
