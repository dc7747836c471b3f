"""The answer of a cluster's node that somebody else is to be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from redis.exceptions import AskError, MovedError

if TYPE_CHECKING:
    from redis.exceptions import ResponseError

__all__ = ["Redirection", "redirection"]


class Redirection(NamedTuple):
    """Whom to ask.

    Attributes:
        host: empty for the host that was asked: a node need not know its own name.
        port: on that host.
        for_once: the slot is only just moving there.
    """

    host: str
    port: int
    for_once: bool


def redirection(error: ResponseError) -> Redirection | None:
    """Return whom an error names, or None if it is another error."""
    words = str(error).split()
    if isinstance(error, AskError):  # redis-py 8 has read the word; 5 leaves it there
        words.insert(0, "MOVED" if isinstance(error, MovedError) else "ASK")
    match words:
        case ["MOVED" | "ASK" as kind, _, place]:
            host, _, port = place.rpartition(":")
            return Redirection(host, int(port), kind == "ASK")
        case _:
            return None
