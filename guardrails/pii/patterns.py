r"""The third-party ``regex`` module, behind the few typed calls that this package makes.

It is what Presidio matches with, so that ``\d``, ``\w``, ``\s`` and the folding of case mean the
same here as there; and it can do two things that ``re`` cannot: answer whether text to come could
still complete a match (``partial``), and read to the left (``(?r)``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, cast

import regex

__all__ = ["Match", "Pattern", "compiled"]


class Match(Protocol):
    """What a match says."""

    partial: bool

    def start(self) -> int:
        """Return the offset of its first character."""
        ...

    def end(self) -> int:
        """Return the offset behind its last character."""
        ...

    def span(self) -> tuple[int, int]:
        """Return both."""
        ...


class Pattern(Protocol):
    """A compiled pattern."""

    def match(
        self,
        string: str,
        pos: int = ...,
        endpos: int | None = ...,
        *,
        partial: bool = ...,
    ) -> Match | None:
        """Match at ``pos``, or up to ``endpos`` if the pattern reads to the left."""
        ...

    def search(
        self,
        string: str,
        pos: int = ...,
        endpos: int | None = ...,
        *,
        partial: bool = ...,
    ) -> Match | None:
        """Find the first match."""
        ...

    def finditer(self, string: str, *, overlapped: bool = ...) -> Iterator[Match]:
        """Find every match; or the one at every place, though it overlaps another."""
        ...

    def findall(self, string: str) -> list[str]:
        """Return the text of every match."""
        ...


def compiled(pattern: str, flags: int = regex.IGNORECASE) -> Pattern:
    """Compile a pattern; as in Presidio, letters match in both cases unless the flags differ."""
    return cast("Pattern", regex.compile(pattern, flags))
