"""What one stream did, said once, at its end. No text of the stream is in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import structlog

from ..wire import Usage
from .pipeline import Pipeline

__all__ = [
    "CacheUse",
    "NotKept",
    "Outcome",
    "Report",
    "ReportHook",
    "log_report",
    "report_on",
    "tell",
    "template_of",
]

Outcome = Literal[
    "complete",
    "incomplete",
    "blocked",
    "failed",
    "client_left",
    "handed_over",
    "cancelled",
]
CacheUse = Literal["off", "bypass", "miss", "stored", "hit", "joined"]

NotKept = Literal[
    "blocked",
    "cancelled",
    "client_left",
    "content_filter",
    "failed",
    "guard_failed",
    "handed_over",
    "incomplete",
    "keep_if",
    "length",
    "opted_out",
    "quota",
    "status",
    "store",
    "too_large",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One exchange. Times are in seconds, sizes in bytes.

    Attributes:
        outcome: ``"complete"``: ended as its dialect says a good answer does; ``"incomplete"``:
            ended otherwise (no end marker, an error of the upstream's own, cut at a length, or a
            frame that could not be read); ``"blocked"`` and ``"failed"``: see ``code``;
            ``"client_left"``; ``"handed_over"``: the response was ended for the client to come
            back; ``"cancelled"``: the server stopped. A replay that was sent whole is
            ``"complete"``, whatever was recorded.
        code: the error's stable code, or None.
        route: the route's template, or the policy's pattern where no framework tells (a replay
            does not ask the application); never the path with its values. Of ``guard_stream`` its
            ``name``, of gRPC the full name of the method.
        method: the HTTP method; empty where there is no HTTP, and for gRPC.
        status: the HTTP status, 101 for a WebSocket; 0 where there is no HTTP, and for gRPC.
        dialect: what the stream spoke, or None before its first frame.
        cache: what the cache did.
        ttft: from the request to the first text that was delivered, or None.
        duration: from the request to the end.
        longest_gap: the longest silence of the application after its first token.
        tokens: pieces of text that came in; 0 for a replay, where nothing came in.
        usage: token counts as the upstream stated them; None for a replay and for an answer that
            was joined: nothing was used.
        frames: frames that came in.
        bytes_out: bytes that were sent, heartbeats included.
        heartbeats: how many were sent.
        held_peak: the most bytes that waited for a decision at one time.
        findings: how often each ``guard.ENTITY.kind`` was found; none for a replay: what was
            recorded had been guarded.
        guards_failed: the guards that failed, and that the stream went on without, since their
            ``on_error`` is ``"open"``. Such a stream is not recorded.
        not_kept: why the answer to a request that has a key was not recorded; else None.
    """

    outcome: Outcome
    code: str | None
    route: str
    method: str
    status: int
    dialect: str | None
    cache: CacheUse
    ttft: float | None
    duration: float
    longest_gap: float
    tokens: int
    usage: Usage | None
    frames: int
    bytes_out: int
    heartbeats: int
    held_peak: int
    findings: Mapping[str, int] = field(default_factory=dict[str, int])
    guards_failed: tuple[str, ...] = ()
    not_kept: NotKept | None = None


ReportHook = Callable[[Report], None]
"""Gets the report of every stream; must not block. What it raises is logged and goes no further."""


def log_report(report: Report) -> None:
    """Write the report as one structlog event, ``stream``. The default hook."""
    structlog.get_logger("streamward").info("stream", **asdict(report))


def template_of(scope: Mapping[str, Any]) -> str | None:
    """Return the route as the framework declares it, without the values in the path."""
    template = getattr(scope.get("route"), "path", None)
    return template if isinstance(template, str) else None


def report_on(pipeline: Pipeline | None) -> Report:
    """Return a report of what went through a pipeline; whoever carried it says the rest."""
    return Report(
        outcome="failed",
        code=None,
        route="",
        method="",
        status=0,
        dialect=pipeline.dialect if pipeline else None,
        cache="off",
        ttft=None,
        duration=0.0,
        longest_gap=0.0,
        tokens=pipeline.tokens if pipeline else 0,
        usage=pipeline.usage if pipeline else None,
        frames=pipeline.frames if pipeline else 0,
        bytes_out=0,
        heartbeats=0,
        held_peak=pipeline.held_peak if pipeline else 0,
        findings=pipeline.findings if pipeline else {},
        guards_failed=pipeline.guards_failed if pipeline else (),
    )


def tell(hook: ReportHook, report: Report | None) -> None:
    """Give a report to a hook, if there is one; a sink that fails must not hurt the stream."""
    if report is None:
        return
    try:
        hook(report)
    except Exception as error:  # noqa: BLE001 - whatever it is
        structlog.get_logger("streamward").error("report_failed", error=type(error).__name__)
