"""What a guard is: an immutable description that opens one scanner per run of text.

A :class:`Guard` holds configuration and pooled engines only. A :class:`Scanner` holds the state
of one run of text and is thrown away with it, so that nothing survives from one stream to another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from .action import Action
from .blocking import BlockingLike
from .hold import HoldLike

__all__ = ["Finding", "Guard", "OnError", "Scanner"]

OnError = Literal["closed", "open"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A span of a run of text, what it is, and how sure the guard is.

    Attributes:
        start: offset of the first character, counted from the start of the run.
        end: offset behind the last character; always larger than ``start``.
        entity: the kind of thing found, in upper case (``"EMAIL_ADDRESS"``).
        score: confidence from 0 to 1.
    """

    start: int
    end: int
    entity: str
    score: float = 1.0


class Scanner(Protocol):
    """Decides one run of text as it arrives.

    The contract that makes a stream equal to its whole text (promises P2 and P3):

    * the findings returned over all calls, and ``decided`` in the end, do not depend on how the
      text was cut into calls;
    * everything before ``decided`` is final: all findings that touch it have been returned, no
      later one will, and no finding crosses it.
    """

    @property
    def decided(self) -> int:
        """How many characters of the run are final; never decreases."""
        ...

    def feed(self, text: str) -> Sequence[Finding]:
        """Take the next piece of the run; return the findings that became final, in order."""
        ...

    def finish(self) -> Sequence[Finding]:
        """Say that the run is over; return the rest. Afterwards all of it is decided."""
        ...


@runtime_checkable
class Guard(Protocol):
    """Finds things in text and says what happens to them."""

    @property
    def name(self) -> str:
        """A short name for reports (``"pii"``)."""
        ...

    @property
    def hold(self) -> HoldLike:
        """How much more of a channel must arrive before a piece of it leaves; 0: nothing.

        A number of tokens, or a :class:`Hold`; a minimum on top of what the scanner itself needs.
        """
        ...

    @property
    def blocking(self) -> BlockingLike:
        """False when every call is quick; else its limits (True: the usual :class:`Blocking`)."""
        ...

    @property
    def on_error(self) -> OnError:
        """What happens when the guard itself raises: ``"closed"`` ends the stream."""
        ...

    def scanner(self) -> Scanner:
        """Open a scanner for one run of text."""
        ...

    def action(self, entity: str) -> Action:
        """Return what happens to a finding of this kind."""
        ...

    def fingerprint(self) -> str:
        """Describe everything that changes a verdict; part of the cache key.

        Equal text means equal verdicts: names, thresholds, actions, versions of engines.
        Secrets (a hash key) enter only as a digest.
        """
        ...
