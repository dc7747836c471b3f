"""Rules about answers that are given twice, and requests that are made twice."""

from __future__ import annotations

import re
from typing import Final

from ..exchange import Case, Exchange
from ..finding import Found
from ..hops import Kind, plain

__all__ = ["cache_replay", "retried"]

# Headers in which caches say that they answered, and whose header it is.
_HITS: Final[tuple[tuple[str, str, Kind | None], ...]] = (
    ("cf-cache-status", r"^(HIT|STALE|UPDATING|REVALIDATED)$", "cloudflare"),
    ("x-varnish", r"^\d+ \d+$", "varnish"),
    ("x-cache", r"hit from cloudfront", "cloudfront"),
    ("x-cache", r"\bHIT\b", None),
    ("x-cache-status", r"\bHIT\b", "nginx"),
    ("x-proxy-cache", r"\bHIT\b", "nginx"),
    ("cache-status", r"^(?!streamward).*;\s*hit\b", None),
    ("age", r"^[1-9]\d*$", None),
)


def cache_replay(case: Case) -> Found | None:
    """Whether a cache gives one answer to two requests."""
    if case.echoed:
        once, again = case.through.get("once"), case.through.get("again")
        if once is None or again is None or once.seen is None or again.seen is None:
            return None
        if once.seen.nonce != again.seen.nonce:
            return None
        evidence = ["the second request got the answer to the first"]
    else:
        again = case.through.get("again", Exchange())
        if not _hit(again):
            return None
        evidence = ["the second request was answered by a cache"]
    hit = _hit(again)
    if hit is not None:
        evidence.append(f"the answer has {hit[0]}: {plain(again.headers[hit[0]])}")
    return Found(tuple(evidence), at=hit[1] if hit is not None else None)


def retried(case: Case) -> Found | None:
    """Whether a hop sends a request again."""
    retry = case.through.get("retry")
    if retry is not None and retry.trouble is None and retry.seen is not None:
        said = "the application broke the connection before it answered, and an answer came"
        return Found((said, "so the request was sent to it again"))
    for stage, one in case.through.items():
        expected = 2 if stage == "again" else 1
        if one.seen is not None and one.seen.call > expected:
            times = one.seen.call - expected + 1
            return Found((f"one request came to the application {times} times",))
    return None


def _hit(exchange: Exchange) -> tuple[str, Kind | None] | None:
    for name, pattern, kind in _HITS:
        if re.search(pattern, exchange.headers.get(name, ""), re.IGNORECASE):
            return name, kind
    return None
