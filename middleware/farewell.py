"""What a client is told when its stream has to end."""

from __future__ import annotations

from ..wire import MAX_FRAME, MESSAGE, Framing, Problem, Reader
from ..wire.errors import (
    ContentBlockedError,
    StreamwardError,
    UpstreamError,
    UpstreamFailedError,
)

__all__ = ["farewell", "reason", "refusal"]


def reason(raised: BaseException | None) -> StreamwardError:
    """Return why an application did not finish its answer: what it raised, if that is for clients.

    Whatever else it raised may say what no client should read.
    """
    if isinstance(raised, UpstreamError):
        return raised
    return UpstreamFailedError("the application did not finish its answer")


def refusal(reader: Reader, error: StreamwardError | None) -> bytes | None:
    """Return the proper end of an answer that a guard blocked; None where there is none."""
    blocked = isinstance(error, ContentBlockedError)
    return reader.refusal(_problem_of(error)) if blocked else None


def farewell(
    reader: Reader,
    native: Framing,
    carried: Framing,
    error: StreamwardError | None,
    call: int | str,
) -> list[bytes]:
    """Return the frames that say why a stream has ended.

    Args:
        reader: writes them as its dialect does.
        native: the framing of that dialect.
        carried: the framing of the stream: messages carry dialects of other framings too.
        error: why it has ended.
        call: the id of the JSON-RPC call that it answers.
    """
    ending = refusal(reader, error)
    said = reader.error(_problem_of(error, call)) if ending is None else ending
    if carried is not MESSAGE:
        return [said]
    frames = native.framer(MAX_FRAME).feed(said)
    return [MESSAGE.build(frame.data, "") for frame in frames if frame.data]


def _problem_of(error: StreamwardError | None, call: int | str = 0) -> Problem:
    shown = error or UpstreamError()
    return Problem(shown.code, shown.public_message, call)
