"""One guard's part in the decision of a run of text: what it says, and whether that makes sense."""

from __future__ import annotations

from collections.abc import Sequence

from .guard import Finding, Guard

__all__ = ["Member"]


class Member:
    """Asks one guard's scanner, and holds it to its contract.

    Args:
        guard: whose scanner it is.
        order: how many guards were named before it.

    Attributes:
        decided: how many characters the guard is sure of; as it last said.

    Raises:
        Exception: whatever the guard raises; here, and in every call.
    """

    def __init__(self, guard: Guard, order: int) -> None:
        self.guard = guard
        self.order = order
        self.decided = 0
        self._scanner = guard.scanner()
        self._fed = 0

    def feed(self, text: str) -> Sequence[Finding]:
        """Take the next piece of the run; return the findings that became final.

        Raises:
            ValueError: what the guard says contradicts what it said, or the text.
            TypeError: it is none of the things that a scanner may say.
        """
        self._fed += len(text)
        return self._checked(self._scanner.feed(text))

    def finish(self) -> Sequence[Finding]:
        """Say that the run is over; return the rest. The same errors as in :meth:`feed`."""
        findings = self._checked(self._scanner.finish())
        if self.decided != self._fed:
            raise ValueError("after the end of a run all of it must be decided")
        return findings

    def _checked(self, said: Sequence[object]) -> Sequence[Finding]:
        before, decided = self.decided, self._scanner.decided
        if type(decided) is not int or not before <= decided <= self._fed:
            raise ValueError("decided must never decrease, nor pass the end of the text")
        self.decided = decided
        if not said:
            return ()
        findings: list[Finding] = []
        for one in said:
            if not isinstance(one, Finding):
                raise TypeError("a scanner must return findings")
            if not before <= one.start < one.end <= decided:
                raise ValueError("a finding must lie in the text that was decided with it")
            findings.append(one)
        return findings
