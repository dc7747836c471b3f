"""With which code a connection closes after an error, and whose error it was."""

from __future__ import annotations

from typing import Final

from ...wire.errors import (
    ContentBlockedError,
    PromptBlockedError,
    PromptUnreadableError,
    StreamwardError,
    UpstreamError,
)

__all__ = ["INTERNAL_ERROR", "POLICY_VIOLATION", "close_code", "is_block", "of_client"]

# RFC 6455 §7.4.1
POLICY_VIOLATION: Final = 1008
INTERNAL_ERROR: Final = 1011


def close_code(error: StreamwardError) -> int:
    """Return 1008 for what the policy does not let pass, and 1011 for every failure."""
    refused = is_block(error) or isinstance(error, PromptUnreadableError)
    return POLICY_VIOLATION if refused else INTERNAL_ERROR


def is_block(error: StreamwardError) -> bool:
    """Whether a guard's verdict ended the connection."""
    return isinstance(error, ContentBlockedError | PromptBlockedError)


def of_client(error: StreamwardError) -> StreamwardError:
    """Return an error that says that it was the client's message."""
    if isinstance(error, ContentBlockedError):
        return PromptBlockedError(error.entity, error.guard)
    return PromptUnreadableError(error.code) if isinstance(error, UpstreamError) else error
