"""Rules about streams that are held back.

A delay has one cause: `_cause` decides which, and so no two rules claim the same delay.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..advice import Code
from ..exchange import Case, Exchange
from ..finding import Found
from ..hops import plain
from ..measure import arrivals, delays, held, spread, wholly_held

__all__ = [
    "arrives_at_once",
    "bursts",
    "compressed_held",
    "gzip_members",
    "held_back",
    "http10_upstream",
    "large_frames_held",
    "principal",
]

_LONGEST_BURST: Final = 0.35  # HAProxy waits for 200 ms
_MANY: Final = 8  # frames that no model says in one breath
_FEW: Final = 4
_LONG_WAIT: Final = 0.5


def principal(case: Case) -> Exchange:
    """Return the exchange that shows best how an ordinary stream comes through."""
    stages = (case.through.get(stage) for stage in ("bare", "guarded", "first"))
    usable = [one for one in stages if one is not None and one.trouble is None]
    return usable[0] if usable else Exchange()


def http10_upstream(case: Case) -> Found | None:
    """Whether the last hop speaks HTTP/1.0 to the application."""
    if not any(one.seen and one.seen.http == "1.0" for one in case.through.values()):
        return None
    evidence = ["the application got the request as HTTP/1.0"]
    death = case.through.get("death")
    hidden = death is not None and death.end == "clean" and death.ending == "missing"
    if late := _cause(case) == "http10_upstream":
        evidence.append(_lateness(case))
    if hidden:
        evidence.append("a crash in mid-answer looked like a proper end")
    return Found(tuple(evidence), "fault" if late or hidden else "risk")


def compressed_held(case: Case) -> Found | None:
    """Whether a compressor waits for more than a frame."""
    if _cause(case) == "compressed_held":
        return _found(case, _coding(principal(case)))
    large = _large_held(case)
    return Found((_coding(large), _large(case, large))) if large and large.coding else None


def gzip_members(case: Case) -> Found | None:
    """Whether the body is one gzip member after another, of which httpx and curl read the first."""
    members = principal(case).members
    return Found((f"the body has {members} gzip members",)) if members > 1 else None


def bursts(case: Case) -> Found | None:
    """Whether frames come in bursts, as HAProxy sends them."""
    if _cause(case) != "bursts":
        return None
    return replace(_found(case), at="haproxy")  # it names itself in no header


def held_back(case: Case) -> Found | None:
    """Whether an echo's frames are held for a reason that no other rule knows."""
    return _found(case) if _cause(case) == "held" else None


def arrives_at_once(case: Case) -> Found | None:
    """Whether the user's own stream comes all at once."""
    if _cause(case) != "arrives_at_once":
        return None
    alone = case.direct.get("first")
    evidence = [_lateness(case)]
    if alone is not None:
        evidence.append(f"from the application itself it has {_arrivals(alone)}")
    return Found(tuple(evidence), "fault" if alone is not None else "risk")


def large_frames_held(case: Case) -> Found | None:
    """Whether only frames larger than a proxy's buffer are held."""
    large = _large_held(case)
    return Found((_large(case, large),)) if large and not large.coding else None


def _cause(case: Case) -> Code | None:
    main = principal(case)
    if not (held(main, case.pace) if case.echoed else _at_once(case, main)):
        return None
    if main.coding:
        return "compressed_held"
    if not case.echoed:
        return "arrives_at_once"
    if main.seen is not None and main.seen.http == "1.0":
        return "http10_upstream"
    figures = spread(delays(main))
    short = figures is not None and figures.most <= _LONGEST_BURST
    if short and arrivals(main) <= 0.75 * len(main.frames) and not wholly_held(main):
        return "bursts"
    return "held"


def _large_held(case: Case) -> Exchange | None:
    """Return the exchange of large frames, if they alone are held."""
    large = case.through.get("large")
    return large if _cause(case) is None and held(large, case.pace) else None


def _large(case: Case, large: Exchange) -> str:
    figures = spread(delays(large))
    late = f"{figures.p50 * 1000:.0f} ms" if figures is not None else "its whole length"
    return (
        f"half of the frames of {case.large} bytes came more than {late} late, small ones at once"
    )


def _coding(exchange: Exchange) -> str:
    return f"the answer has Content-Encoding: {plain(exchange.coding)}"


def _at_once(case: Case, main: Exchange) -> bool:
    """Judge a stream whose pace nobody knows: beside the application's own, else by itself."""
    if not main.arrivals:
        return False
    alone = case.direct.get("first")
    if alone is not None and arrivals(alone) >= _FEW:
        return arrivals(main) <= 0.4 * arrivals(alone)
    late = main.arrivals[0] >= _LONG_WAIT
    return late and len(main.frames) >= _MANY and arrivals(main) <= 2


def _found(case: Case, *evidence: str) -> Found:
    guarded = case.through.get("guarded")
    said = [*evidence, _lateness(case)]
    helps = guarded is not None and guarded is not principal(case) and not held(guarded, case.pace)
    if helps and guarded is not None and guarded.trouble is None:
        said.append("with streamward's headers (X-Accel-Buffering: no) it is not held")
        return Found(tuple(said), "risk")
    return Found(tuple(said))


def _lateness(case: Case) -> str:
    main = principal(case)
    figures = spread(delays(main))
    came = f"{len(main.frames) or 'all'} frames came in {_arrivals(main)}"
    if figures is None:
        return f"{came}, the first {main.arrivals[0]:.1f} s after the request"
    return f"{came}, half of them more than {figures.p50 * 1000:.0f} ms late"


def _arrivals(exchange: Exchange) -> str:
    count = arrivals(exchange)
    return "1 arrival" if count == 1 else f"{count} arrivals"
