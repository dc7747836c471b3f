"""Rules about headers that are lost, changed, or written where they do nothing."""

from __future__ import annotations

from typing import Final

from ..exchange import Case, Exchange
from ..finding import Found
from ..hops import plain
from ..measure import held

__all__ = [
    "accel_added",
    "accel_ignored",
    "accel_requested",
    "cache_control_changed",
    "content_type_changed",
    "request_header_eaten",
]

_ACCEL: Final = "x-accel-buffering"
_STREAM: Final = "text/event-stream"

# Each hop has its own (RFC 9110 §7.6.1), or may ask for what it likes.
_OF_ONE_HOP: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)


def accel_added(case: Case) -> Found | None:
    """Whether a hop adds X-Accel-Buffering to the answer, where it does nothing for that hop."""
    if any(not one.guarded and _ACCEL in one.headers for one in _echoes(case)):
        said = "the answer has X-Accel-Buffering, and the application did not send it"
        return Found((said,))
    return None


def accel_requested(case: Case) -> Found | None:
    """Whether a hop sends X-Accel-Buffering to the application, which is the wrong direction."""
    for one in _echoes(case):
        if one.seen is not None and _ACCEL in one.seen.names and _ACCEL not in one.asked:
            return Found(("the application got X-Accel-Buffering as a request header",))
    return None


def accel_ignored(case: Case) -> Found | None:
    """Whether an answer is held although the application forbade it, and a hop eats its header."""
    guarded = case.through.get("guarded")
    if guarded is None or _ACCEL in guarded.headers or not held(guarded, case.pace):
        return None
    evidence = "the application sent X-Accel-Buffering: no, and the answer was held"
    return Found((evidence, "the header did not arrive here: a hop on the way eats it"))


def cache_control_changed(case: Case) -> Found | None:
    """Whether the application's ``Cache-Control: no-store`` is lost."""
    for one in _echoes(case):
        value = one.headers.get("cache-control", "").lower()
        if one.guarded and "no-store" not in value:
            now = f"Cache-Control: {plain(value)}" if value else "no Cache-Control"
            return Found((f"the application sent no-store, no-transform; here arrived {now}",))
    return None


def content_type_changed(case: Case) -> Found | None:
    """Whether the type of the stream is changed on the way."""
    for one in _echoes(case):
        kind = one.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != _STREAM:
            return Found((f"the application sent {_STREAM}; here arrived {plain(kind) or 'none'}",))
    return None


def request_header_eaten(case: Case) -> Found | None:
    """Whether a header of the request does not reach the application."""
    lost: set[str] = set()
    for one in _echoes(case):
        if one.seen is not None:
            lost |= set(one.asked) - set(one.seen.names) - _OF_ONE_HOP
    if not lost:
        return None
    evidence = (f"the application did not get {', '.join(sorted(lost))}",)
    if all("_" in name for name in lost):
        change = "`underscores_in_headers on;` (nginx drops names with an underscore)"
        return Found(evidence, change=change)
    return Found(evidence)


def _echoes(case: Case) -> list[Exchange]:
    """Return the exchanges that an echo answered, whether or not it could be read."""
    answered = [one for one in case.through.values() if one.trouble is None]
    return answered if case.echoed else []
