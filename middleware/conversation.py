"""Whose turn it is where two sides speak over one connection."""

from __future__ import annotations

__all__ = ["Conversation"]


class Conversation:
    """Follows an application that speaks, and that waits for its client.

    When it has said something and then waits, its turn is over. That tells nothing once it has
    spoken while it waited: then it waits all the time, beside what it says, and a client that
    speaks at the right moment would cut a secret in two.

    Attributes:
        waiting: whether the application waits for its client.
        spoke: whether it has said something since its last turn.
    """

    def __init__(self) -> None:
        self.waiting = False
        self.spoke = False
        self._overlaps = False

    def speaks(self) -> None:
        """Note that the application says something."""
        self.spoke = True
        self.interrupts()

    def interrupts(self) -> None:
        """Note that the application does something else than to wait."""
        self._overlaps = self._overlaps or self.waiting

    def turn_is_over(self) -> bool:
        """Whether a turn ends when the application begins to wait now."""
        return self.spoke and not self._overlaps
