"""Runs a guard's scanner over pieces, and holds it to its contract on the way."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

from streamward.guardrails import Finding, Guard


def scanned(guard: Guard, *pieces: str) -> list[Finding]:
    """Return the findings.

    Everything before ``decided`` is final: it never decreases, every finding lies behind what was
    decided before and within what is decided now, and in the end all of the text is.
    """
    scanner = guard.scanner()
    found: list[Finding] = []
    decided = 0
    for piece in (*pieces, None):
        new = scanner.finish() if piece is None else scanner.feed(piece)
        assert scanner.decided >= decided
        assert all(decided <= one.start < one.end <= scanner.decided for one in new)
        found += new
        decided = scanner.decided
    assert decided == sum(map(len, pieces))
    assert all(a.end <= b.start for a, b in pairwise(found))
    return found


def random_pieces(text: str, seed: int, sizes: Sequence[int]) -> list[str]:
    """Cut a text into pieces of random sizes."""
    chance = random.Random(seed)
    found: list[str] = []
    at = 0
    while at < len(text):
        found.append(text[at : at + chance.choice(sizes)])
        at += len(found[-1])
    return found
