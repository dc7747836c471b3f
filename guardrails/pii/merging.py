"""From what the recognisers say to what is found: one span for each heap of overlapping results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ..guard import Finding

__all__ = ["Result", "merge"]


class Result(Protocol):
    """What a recogniser says; Presidio's ``RecognizerResult``."""

    entity_type: str
    start: int
    end: int
    score: float


def merge(results: Iterable[Result], offset: int = 0) -> list[Finding]:
    """Merge overlapping results transitively; return the findings in order.

    The label of a heap, and its score, are those of the result with the highest score; then the
    longest; then the earliest; then the first by name. Results that only touch stay apart.

    Args:
        results: spans in any order; those with a score of 0 were rejected by a checksum.
        offset: what to add to their offsets.
    """
    ordered = sorted((r for r in results if r.score > 0), key=lambda r: (r.start, r.end))
    heaps: list[tuple[int, list[Result]]] = []
    for result in ordered:
        if heaps and result.start < heaps[-1][0]:
            end, heap = heaps[-1]
            heap.append(result)
            heaps[-1] = (max(end, result.end), heap)
        else:
            heaps.append((result.end, [result]))
    return [_finding(heap, end, offset) for end, heap in heaps]


def _finding(heap: list[Result], end: int, offset: int) -> Finding:
    best = min(heap, key=lambda r: (-r.score, r.start - r.end, r.start, r.entity_type))
    return Finding(heap[0].start + offset, end + offset, best.entity_type, best.score)
