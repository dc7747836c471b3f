"""What a client may ask of the cache: ``Cache-Control`` in a request (RFC 9111 §5.2.1)."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["DIRECTIVES", "Directive", "Wishes", "wishes_in"]

Directive = Literal["max-age", "no-cache", "no-store", "only-if-cached"]
DIRECTIVES: frozenset[Directive] = frozenset(get_args(Directive))

# A quoted value is taken whole: what looks like a directive inside is none.
_DIRECTIVE = re.compile(r"""([^\s,;="]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;]*)))?""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is granted to one request.

    Attributes:
        refresh: ask the application, and keep its answer (``no-cache``).
        bypass: ask the application, and keep nothing (``no-store``).
        only_cached: do not ask the application (``only-if-cached``).
        max_age: the most seconds since the recording was made (``max-age``).
    """

    refresh: bool = False
    bypass: bool = False
    only_cached: bool = False
    max_age: float = math.inf


def wishes_in(headers: Iterable[tuple[bytes, bytes]], granted: Collection[Directive]) -> Wishes:
    """Read the wishes of a request, as far as they are granted."""
    if not granted:
        return Wishes()
    value = b",".join(value for name, value in headers if name.lower() == b"cache-control")
    found: set[str] = set()
    ages = [math.inf]
    for name, quoted, bare in _DIRECTIVE.findall(value.decode("latin-1")):
        directive = name.lower()
        if directive not in granted:
            continue
        found.add(directive)
        if directive == "max-age":
            ages.append(_seconds(quoted or bare))
    return Wishes(
        refresh="no-cache" in found,
        bypass="no-store" in found,
        only_cached="only-if-cached" in found,
        max_age=min(ages),
    )


def _seconds(text: str) -> float:
    """Return a number of seconds; 0 for what is none, since it asks for something fresh."""
    return float(text) if re.fullmatch(r"[0-9]{1,10}", text) else 0.0
