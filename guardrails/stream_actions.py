"""The actions of one stream: opened once, shared by all its channels, applied closed.

An action that is to treat a value alike within a stream, and differently in the next, cannot be
configuration only: it is opened for the stream, and all channels and repeated texts use that.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..wire.errors import GuardFailedError
from .action import Action
from .guard import Guard

__all__ = ["PerStream", "StreamActions", "applied"]


@runtime_checkable
class PerStream(Protocol):
    """What an action has that differs from stream to stream; others need none of it."""

    def opened(self) -> Action:
        """Return the action for one stream. Called once per stream, before anything is found."""
        ...


class StreamActions:
    """What happens to findings in one stream, or in a prompt and its answer.

    Actions with the same fingerprint are opened together, so that a value gets the same
    replacement whichever guard finds it.
    """

    def __init__(self) -> None:
        self._opened: dict[str, Action] = {}

    def of(self, guard: Guard, entity: str) -> Action:
        """Return what happens to a finding of this kind, in this stream."""
        action = guard.action(entity)
        if not isinstance(action, PerStream):
            return action
        name = action.fingerprint()
        opened = self._opened.get(name)
        if opened is None:
            opened = self._opened[name] = action.opened()
        return opened


def applied(action: Action, text: str, entity: str, guard: Guard) -> str:
    """Return the text that stands in place of a finding.

    Raises:
        GuardFailedError: the action raised, or returned no text. What was found never leaves,
            whatever the guard's ``on_error``.
    """
    try:
        replacement = action.apply(text, entity)
    except Exception as error:
        raise GuardFailedError(guard.name) from error
    if not isinstance(replacement, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise GuardFailedError(guard.name)
    return replacement
