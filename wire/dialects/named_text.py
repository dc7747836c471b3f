"""Frames whose texts somebody has already taken out: a JSON array of names and texts.

A door that knows where the text of its messages is, as the one for gRPC does, has no dialect to
recognise. It names this one itself; the table of dialects does not have it.
"""

from __future__ import annotations

from typing import Any

from ..dialect import Dialect, Hint, Problem, Reader
from ..errors import UnreadableFrameError
from ..frame import Frame
from ..json_codec import is_array, loads
from ..message import MESSAGE
from ..reading import Channel, Step, Text

__all__ = ["NAMED_TEXT"]


class NamedTextReader(Reader):
    """Reads pairs of a name and a text, which is the next piece of the channel of that name."""

    steady = True

    def __init__(self) -> None:
        self._frames = 0

    @property
    def complete(self) -> bool:
        """There is no end marker: a stream that ended without an error is all there is."""
        return self._frames > 0

    def read(self, frame: Frame) -> list[Step]:
        """Read one array."""
        self._frames += 1
        pairs = loads(frame.data or b"")
        if not is_array(pairs):
            raise UnreadableFrameError("the texts of a message are not an array")
        return [_text(at, pair) for at, pair in enumerate(pairs)]

    def error(self, problem: Problem) -> bytes:
        """Write nothing: the door says it in its own way."""
        del problem
        return b""


def _text(at: int, pair: Any) -> Text:
    match pair:
        case [str() as name, str() as text]:
            return Text(Channel((name,)), (at, 1), text)
        case _:
            raise UnreadableFrameError("a text of a message has no name")


def _claims(hint: Hint) -> bool:
    del hint
    return False


NAMED_TEXT = Dialect(
    name="named_text",
    framing=MESSAGE,
    reader=NamedTextReader,
    claims=_claims,
    heartbeat=b"",
)
