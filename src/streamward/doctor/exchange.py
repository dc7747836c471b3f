"""What was seen of one exchange, and of all of them: values without behaviour of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "Case",
    "End",
    "Ending",
    "Exchange",
    "Moment",
    "Seen",
    "Stage",
    "Stages",
    "Trouble",
    "TroubleKind",
]

Stage = Literal["first", "once", "again", "bare", "guarded", "large", "death", "silence", "retry"]
"""Why an exchange was made.

``first`` asks, ``once`` and ``again`` ask the same twice. ``bare`` is an answer without the headers
of a stream, ``guarded`` one with them, ``large`` one of large frames. In ``death`` the application
breaks in mid-answer, in ``silence`` it pauses, in ``retry`` it breaks before it answers.
"""

TroubleKind = Literal[
    "unreachable", "tls", "no_answer", "protocol", "redirect", "status", "not_a_stream"
]
"""Why there was no stream to look at."""

End = Literal["clean", "cut", "gave_up"]
"""How the transfer ended: as HTTP says it must, broken off, or given up here after long silence."""

Ending = Literal["complete", "early", "error", "missing", "unknown"]
"""What the last frames said: a good end; the end at a limit or by a filter; an error; nothing;
``unknown`` where the dialect has no end of its own, or nobody could read the frames."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there was no stream.

    Attributes:
        kind: one word for machines.
        says: one sentence for people, without secrets.
    """

    kind: TroubleKind
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What reached the application, as the echo told it.

    Attributes:
        http: the version of HTTP, as ``"1.1"``.
        names: the names of the request headers, in lower case.
        values: the values of a few of them (``echo.TOLD``).
        call: how often this very probe has come to this process, this one included.
        nonce: new in every answer.
        clock: the echo's clock, seconds since 1970.
    """

    http: str
    names: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict[str, str])
    call: int = 1
    nonce: str = ""
    clock: float = 0.0


@dataclass(frozen=True, slots=True)
class Moment:
    """When a frame came.

    Attributes:
        at: seconds since the request was sent.
        sent: seconds since the application got the request; None where nobody says.
    """

    at: float
    sent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what came back. Times are in seconds since the request was sent.

    Attributes:
        trouble: why there is no stream; None where there is one.
        status: of the response; 0 where none came.
        http: the version of HTTP that the next hop speaks, as ``"HTTP/1.1"``.
        headers: of the response, names in lower case. They may be private: reports show a few.
        asked: the names of the request headers that the application shall see, in lower case.
        guarded: whether the application sent the headers of a stream itself (an echo's answer).
        connect: seconds to connect, TLS included.
        ttfb: when the response headers were there; None where none came.
        ttft: when the first frame with text was there; None where none came.
        total: when all was over.
        arrivals: when each piece of the body was there, as the connection gave it.
        frames: the frames with data.
        end: how the transfer ended.
        ending: what the last frames said.
        dialect: of the stream; empty where unknown.
        members: how many gzip members the body has; 0 where it is no gzip.
        seen: what reached the application; None where it is no echo, or nobody could read it.
    """

    trouble: Trouble | None = None
    status: int = 0
    http: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    asked: tuple[str, ...] = ()
    guarded: bool = False
    connect: float = 0.0
    ttfb: float | None = None
    ttft: float | None = None
    total: float = 0.0
    arrivals: tuple[float, ...] = ()
    frames: tuple[Moment, ...] = ()
    end: End = "clean"
    ending: Ending = "unknown"
    dialect: str = ""
    members: int = 0
    seen: Seen | None = None

    @property
    def coding(self) -> str:
        """The content coding; empty where there is none."""
        coding = self.headers.get("content-encoding", "").strip().lower()
        return "" if coding == "identity" else coding

    @property
    def transfer(self) -> Literal["chunked", "length", "close", "none"]:
        """How the end of the body is told: HTTP/2 and what has no body tell it otherwise."""
        if self.status == 0 or not self.http.startswith("HTTP/1"):
            return "none"
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return "chunked"
        return "length" if "content-length" in self.headers else "close"


Stages = Mapping[Stage, Exchange]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a diagnosis looks at.

    Attributes:
        pace: seconds between two frames of an echo.
        silence: how long an echo was silent, in seconds.
        large: bytes of the frames in the stage ``large``.
        through: the exchanges through whatever is in front, by stage.
        direct: those with the application itself; empty where nobody said where it is.
    """

    pace: float = 0.1
    silence: float = 0.0
    large: int = 9000
    through: Stages = field(default_factory=dict[Stage, Exchange])
    direct: Stages = field(default_factory=dict[Stage, Exchange])

    @property
    def echoed(self) -> bool:
        """Whether an echo answered."""
        first = self.through.get("first")
        return first is not None and first.seen is not None

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Why nothing could be examined; empty where it could."""
        firsts = (self.through.get("first"), self.direct.get("first"))
        return tuple(one.trouble for one in firsts if one is not None and one.trouble is not None)

    @property
    def missed(self) -> dict[Stage, Trouble]:
        """The probes that got no stream; the request of ``retry`` is not meant to get one."""
        stages = [*self.through.items(), *self.direct.items()]
        return {
            stage: one.trouble
            for stage, one in stages
            if one.trouble is not None and stage != "retry"
        }
