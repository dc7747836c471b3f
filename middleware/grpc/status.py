"""What a client of gRPC is told: a status, one sentence, and the code in the trailing metadata."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...wire.errors import (
    ContentBlockedError,
    FrameTooLargeError,
    HoldLimitError,
    StreamwardError,
)

__all__ = ["grpc", "told"]

grpc: Any = import_module("grpc")  # it ships no types

_CODE_NAME = "streamward-code"


def told(error: StreamwardError, context: Any) -> tuple[Any, str]:
    """Add the code to the trailing metadata; return status and details, to abort a call with.

    The context of a method that runs in a thread cannot say which metadata it has: they go.
    """
    has: Any = getattr(context, "trailing_metadata", tuple)() or ()
    context.set_trailing_metadata((*has, (_CODE_NAME, error.code)))
    return _status(error), error.public_message


def _status(error: StreamwardError) -> Any:
    if isinstance(error, ContentBlockedError):
        return grpc.StatusCode.PERMISSION_DENIED
    if isinstance(error, HoldLimitError | FrameTooLargeError):
        return grpc.StatusCode.RESOURCE_EXHAUSTED
    return grpc.StatusCode.INTERNAL
