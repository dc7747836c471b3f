"""The verdict, or the state, of a guard."""

from __future__ import annotations

from .root import StreamwardError

__all__ = [
    "ContentBlockedError",
    "GuardError",
    "GuardFailedError",
    "HoldLimitError",
    "PromptBlockedError",
    "PromptUnreadableError",
]


class GuardError(StreamwardError):
    """The verdict, or the state, of a guard."""

    code = "guard_error"


class ContentBlockedError(GuardError):
    """A finding whose action is *block*.

    Attributes:
        entity: what was found (``"CREDIT_CARD"``), never its text.
        guard: the name of the guard that found it.
    """

    code = "content_blocked"
    public_message = "The answer was stopped by a content policy."

    def __init__(self, entity: str, guard: str) -> None:
        super().__init__(f"{guard} blocked {entity}")
        self.entity = entity
        self.guard = guard


class HoldLimitError(GuardError):
    """More had to be held back than the limit allows.

    Attributes:
        limit: the limit, in bytes of waiting frames.
    """

    code = "hold_limit"
    public_message = "Too much of the answer had to be held back to be checked."

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes had to wait")
        self.limit = limit


class GuardFailedError(GuardError):
    """A guard raised, and its policy is *closed*.

    Attributes:
        guard: the name of the guard.
    """

    code = "guard_failed"
    public_message = "The answer could not be checked."

    def __init__(self, guard: str) -> None:
        super().__init__(f"{guard} failed")
        self.guard = guard


class PromptBlockedError(GuardError):
    """A finding in a prompt, on a route that allows none.

    Attributes:
        entity: what was found, never its text.
        guard: the name of the guard that found it.
    """

    code = "prompt_blocked"
    public_message = "The request was stopped by a content policy."

    def __init__(self, entity: str, guard: str) -> None:
        super().__init__(f"{guard} blocked {entity} in a prompt")
        self.entity = entity
        self.guard = guard


class PromptUnreadableError(GuardError):
    """A prompt that cannot be looked at, on a route whose prompts are guarded.

    Attributes:
        reason: which rule it broke; never a piece of the prompt.
    """

    code = "prompt_unreadable"
    public_message = "The request could not be checked."

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
