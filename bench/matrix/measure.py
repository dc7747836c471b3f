"""The measurements of one cell: a server behind a proxy."""

from __future__ import annotations

import re
import statistics
import time
from dataclasses import dataclass

import httpx
from support.asking import BROKEN, Front, Remote, asking, in_step

__all__ = ["Cell", "measure"]

_SENT = re.compile(rb"data: (\d+)")
_READS = "reads=1"  # the application reads the prompt first, as those do that need it


@dataclass(frozen=True)
class Cell:
    """What becomes of a stream.

    Attributes:
        p50_ms: the median of the delays from the application to the client.
        p99_ms: the 99th percentile of them.
        arrivals: how many times something came, of ``frames`` sent.
        frames: how many frames were sent.
        truncation: whether the client sees that the application broke.
        abort: whether the application is told, while it is silent, that the client left (in WSGI:
            at its next frames).
    """

    p50_ms: float
    p99_ms: float
    arrivals: int
    frames: int
    truncation: bool
    abort: bool


def measure(front: Front, http: str, upstream: str, *, frames: int, pace: int, wsgi: bool) -> Cell:
    """Measure one cell.

    Args:
        http: what the client speaks to the front.
        frames: how many frames the paced stream has.
        pace: ms between two of them.
    """
    delays, arrivals = _delays(front, http, upstream, frames, pace)
    return Cell(
        p50_ms=round(statistics.median(delays), 2),
        p99_ms=round(delays[int(len(delays) * 0.99)], 2),
        arrivals=arrivals,
        frames=frames,
        truncation=_truncation(front, http, upstream),
        abort=_abort(front, http, upstream, wsgi=wsgi),
    )


def _delays(
    front: Front, http: str, upstream: str, frames: int, pace: int
) -> tuple[list[float], int]:
    delays: list[float] = []
    query = f"frames={frames}&pace={pace}"
    arrivals, rest = 0, b""
    remote = Remote(upstream)
    with asking(front, remote, query, http=http, path="/v1/paced", timeout=60) as reader:
        for piece in reader.pieces:
            now = time.monotonic_ns()
            whole, _, rest = (rest + piece).rpartition(b"\n\n")
            sent = [int(stamp) for stamp in _SENT.findall(whole)]
            arrivals += bool(sent)
            delays += [(now - one) / 1e6 for one in sent]
    if len(delays) != frames:
        raise RuntimeError(f"{len(delays)} of {frames} frames came")
    return sorted(delays), arrivals


def _truncation(front: Front, http: str, upstream: str) -> bool:
    remote = Remote(upstream)
    remote.allow_all()
    try:
        with asking(front, remote, f"{_READS}&frames=6&breaks=4", http=http, timeout=20) as reader:
            reader.rest()
    except BROKEN:
        return True
    return False


def _abort(front: Front, http: str, upstream: str, *, wsgi: bool) -> bool:
    remote = Remote(upstream)
    try:
        with asking(front, remote, f"{_READS}&frames=1000", http=http, timeout=1) as reader:
            in_step(reader, remote, 2)
    except httpx.ReadTimeout:  # held: it leaves without having seen anything
        pass
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline and not remote.seen().left:
        if wsgi:
            remote.allow()
        time.sleep(0.02)
    return remote.seen().left
