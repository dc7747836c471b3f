"""What a route wants: frozen value objects, checked when they are made."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import translate
from hashlib import sha256
from re import Pattern
from re import compile as compile_pattern
from typing import Literal

from ..guardrails import MAX_HELD, Channels, Guard
from ..wire import MAX_FRAME, Dialect
from ..wire.errors import ConfigurationError
from .bounds import bounded
from .cache_policy import CachePolicy, Scope
from .checks import positive, positive_or_none
from .resume import Resume
from .socket_policy import Sockets

__all__ = [
    "CachePolicy",
    "Limits",
    "OnLeave",
    "Policy",
    "Progress",
    "Resume",
    "Routes",
    "Scope",
    "Sockets",
    "Timeouts",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an answer is that nobody reads any more.

    Attributes:
        seconds: since the request came.
        frames: that came in.
        tokens: pieces of text that came in.
        bytes_out: bytes that were sent to the client that has left.
    """

    seconds: float
    frames: int
    tokens: int
    bytes_out: int


OnLeave = Literal["cancel", "finish"] | Callable[[Progress], bool]
_GRACE = 30.0  # a phone in a tunnel
Mode = Literal["enforce", "monitor"]
PromptMode = Literal["pass", "redact", "block", "pseudonymise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long the application may stay silent; None: for ever.

    Attributes:
        first_token: seconds from the start of the response to its first text (in a dialect that
            nobody knows: to its first frame with data). Reasoning models think for minutes.
        between_tokens: seconds from one frame with data to the next, from then on.
    """

    first_token: float | None = 300.0
    between_tokens: float | None = 120.0

    def __post_init__(self) -> None:
        positive_or_none("Timeouts", "first_token", self.first_token)
        positive_or_none("Timeouts", "between_tokens", self.between_tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The size of every buffer, in bytes.

    Attributes:
        frame: one frame; more is a ``FrameTooLargeError``.
        held: frames that wait for a decision; more is a ``HoldLimitError``.
        request_body: what is read to make a cache key; more is not cached.
        recording: what is kept of one stream; more is not kept.
    """

    frame: int = MAX_FRAME
    held: int = MAX_HELD
    request_body: int = 1024 * 1024
    recording: int = 4 * 1024 * 1024

    def __post_init__(self) -> None:
        for name in self.__slots__:
            positive("Limits", name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of a route.

    Attributes:
        enabled: False passes the route by, untouched.
        guards: instead of the middleware's own; ``()`` for none.
        mode: ``"enforce"`` lets nothing leave undecided; ``"monitor"`` never delays and never
            edits: guards look at what has left, and the report says what they found.
        channels: what guards may do to each sort of channel.
        dialects: of your own, such as ``Description(…).dialect()``; they are asked before the
            built-in ones.
        prompt: what the guards do to a JSON request body before the application sees it:
            ``"pass"``: nothing; ``"redact"``: their actions; ``"block"``: 422 at the first
            finding; ``"pseudonymise"``: stand-ins, and the values again in the answer. A body that
            is no JSON or over ``Limits.request_body`` is then answered with 400.
        cache: how the cache is used; None: not at all.
        heartbeat: seconds of silence after which the client gets a sign of life; None: never.
            Below the shortest idle limit on the way (nginx 60 s, many load balancers 30 s).
        prelude: True sends 2 KiB of comment first, for proxies that wait for bytes (SSE only).
        timeouts: how long the application may stay silent.
        limits: the size of every buffer.
        on_leave: what happens when the last reader is gone, the client or whoever joined it:
            ``"cancel"`` stops the application, ``"finish"`` lets it run on, for the recording. A
            function gets the :class:`Progress` and says whether to finish; what it raises cancels.
        grace: seconds without a reader before ``on_leave`` counts. Somebody who asks the same
            again, or resumes, within this time reads on. None: 0, and 30 with ``resume``.
        resume: how a client goes on after a cut; None: it asks again.
        sockets: the rules of its WebSockets; None passes them by, untouched.
        cut: True cuts the transfer of an answer that breaks, so that every client notices. False
            ends it as if whole, after the error frame: for an ASGI server that would leave the
            client waiting (daphne).
    """

    enabled: bool = True
    guards: tuple[Guard, ...] | None = None
    mode: Mode = "enforce"
    channels: Channels = field(default_factory=Channels)
    dialects: tuple[Dialect, ...] = ()
    prompt: PromptMode = "pass"
    cache: CachePolicy | None = field(default_factory=CachePolicy)
    heartbeat: float | None = 15.0
    prelude: bool = False
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    on_leave: OnLeave = "cancel"
    grace: float | None = None
    resume: Resume | None = None
    sockets: Sockets | None = field(default_factory=Sockets)
    cut: bool = True

    def __post_init__(self) -> None:
        positive_or_none("Policy", "heartbeat", self.heartbeat)
        if self.mode not in ("enforce", "monitor"):
            raise ConfigurationError("Policy(mode=...) is 'enforce' or 'monitor'")
        if self.prompt not in ("pass", "redact", "block", "pseudonymise"):
            raise ConfigurationError(
                "Policy(prompt=...) is 'pass', 'redact', 'block' or 'pseudonymise'"
            )
        if self.mode == "monitor" and self.prompt != "pass":
            raise ConfigurationError(
                "Policy(mode='monitor') edits nothing: leave prompt out, or write mode='enforce'"
            )
        _check_channels(self.channels)
        object.__setattr__(self, "dialects", checked_dialects(self.dialects))
        if self.on_leave not in ("cancel", "finish") and not callable(self.on_leave):
            raise ConfigurationError("Policy(on_leave=...) is 'cancel', 'finish' or a function")
        if self.grace is None:
            object.__setattr__(self, "grace", _GRACE if self.resume else 0.0)
        elif not 0 <= self.grace < math.inf:
            raise ConfigurationError("Policy(grace=...) takes seconds, from 0 on")
        _check_resume(self.resume, self.cache)
        if self.sockets is not None and not isinstance(self.sockets, Sockets):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError("Policy(sockets=...) takes a value such as Sockets(), or None")
        if self.guards is not None:
            object.__setattr__(self, "guards", checked_guards(self.guards))


class Routes:
    """Finds the policy of a path.

    Args:
        routes: policies by pattern. ``*`` stands for any characters, slashes included; the first
            pattern that fits the whole path wins.
        default: for every other path.
        guards: of the policies that name none.
        calls: how a door calls guards.
    """

    def __init__(
        self,
        routes: Mapping[str, Policy],
        default: Policy,
        guards: tuple[Guard, ...],
        *,
        calls: Callable[[Guard], Guard] = bounded,
    ) -> None:
        self._rows: list[tuple[Pattern[str], tuple[str, Policy, str]]] = []
        limited: dict[int, Guard] = {}  # a guard has one set of threads, on however many routes
        for pattern, policy in (*routes.items(), ("*", default)):
            if not pattern.startswith(("/", "*")):
                raise ConfigurationError(f"the route {pattern!r} must start with '/' or '*'")
            own = guards if policy.guards is None else policy.guards
            enforced = own if policy.mode == "enforce" else ()
            own_rows = "".join(f":{row.name}={row.fingerprint}" for row in policy.dialects)
            ids = "ids" if policy.resume and policy.resume.ids else ""
            rules = f"{policy.prompt}:{ids}:{policy.channels.fingerprint()}{own_rows}"
            fingerprint = f"{rules}:{fingerprint_of(enforced)}"
            called = tuple(limited.setdefault(id(guard), calls(guard)) for guard in own)
            row = (pattern, replace(policy, guards=called), fingerprint)
            self._rows.append((compile_pattern(translate(pattern)), row))

    @property
    def resume(self) -> bool:
        """Whether any route lets clients resume."""
        return any(policy.resume is not None for _, (_, policy, _) in self._rows)

    def find(self, path: str) -> tuple[str, Policy, str]:
        """Return the pattern that fits, its policy, and the fingerprint of the guards."""
        return next(row for expression, row in self._rows if expression.match(path))


def fingerprint_of(guards: Sequence[Guard]) -> str:
    """Describe the guards: what one set let pass must not be served under another."""
    parts = [guard.fingerprint() for guard in guards]
    return sha256("\n".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()


def checked_guards(guards: Iterable[object]) -> tuple[Guard, ...]:
    """Return the guards as a tuple.

    Raises:
        ConfigurationError: something in it is not a guard (often the class instead of ``PII()``).
    """
    if isinstance(guards, Guard):
        raise ConfigurationError("guards=... takes a list: write guards=[PII()]")
    found: list[Guard] = []
    for guard in guards:
        if isinstance(guard, type) or not isinstance(guard, Guard):
            raise ConfigurationError(f"{guard!r} is not a guard: write an instance, such as PII()")
        found.append(guard)
    return tuple(found)


def _check_resume(resume: Resume | None, cache: CachePolicy | None) -> None:
    if resume is None:
        return
    if cache is None or not cache.join:
        raise ConfigurationError(
            "Policy(resume=...) reads on in the cache: leave cache out, or write "
            "cache=CachePolicy(...) without join=False"
        )
    if resume.hand_over is not None and not resume.ids:
        raise ConfigurationError("Resume(hand_over=...) needs ids=True, to go on without a gap")


def _check_channels(channels: object) -> None:
    if not isinstance(channels, Channels):
        raise ConfigurationError("Policy(channels=...) takes a value such as Channels()")


def checked_dialects(dialects: Iterable[object]) -> tuple[Dialect, ...]:
    """Return the rows as a tuple.

    Raises:
        ConfigurationError: something in it is no row (often the description itself).
    """
    rows = [] if isinstance(dialects, Dialect) else list(dialects)
    found = [row for row in rows if isinstance(row, Dialect)]
    if isinstance(dialects, Dialect) or len(found) < len(rows):
        raise ConfigurationError(
            "dialects=... takes rows: write dialects=[Description(...).dialect()]"
        )
    return tuple(found)
