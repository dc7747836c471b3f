"""Frames that differ from the one before in nothing but their text: most of a stream.

Such a frame need not be parsed. JSON whose bytes are the same but for the inside of one string, and
that inside without a quote, a backslash or a control character, is the same value with another
string in that place. So it has the same names, and none of them twice if none was before.
"""

from __future__ import annotations

import re

from .errors import UnreadableFrameError
from .frame import Frame
from .json_codec import dumps
from .json_splice import splice
from .reading import PAYLOAD, Step, Text

__all__ = ["Alike"]

_INSIDE = re.compile(rb'[^"\\\x00-\x1f]+')
_MARK = "\0here"
_MARKED = dumps(_MARK)
# To learn costs as much as to parse twice: a stream whose frames all differ soon goes without.
_TRIES = 8


class Alike:
    """Knows what the last frames of a stream had in common, if they were a piece of text each.

    Two that are alike have to be parsed before a third one goes without: the first may still change
    what the reader knows of the stream. For a reader that is ``steady``.
    """

    def __init__(self) -> None:
        self._tries = _TRIES
        self._event = ""
        self._head = self._tail = b""
        self._last: Text | None = None
        self._sure = False

    def read(self, frame: Frame) -> list[Step] | None:
        """Return the step of a frame that is like the last two; None: it has to be parsed."""
        last = self._last
        if last is None or not self._sure:
            return None
        text = self._text(frame)
        return None if text is None else [Text(last.channel, last.path, text)]

    def learn(self, frame: Frame, steps: list[Step]) -> None:
        """Take a frame that had to be parsed, and what it held."""
        last = self._last
        self._last = None
        self._sure = False
        if len(steps) != 1 or not self._tries or not isinstance(step := steps[0], Text):
            return
        if last is not None and step[:2] == last[:2] and self._text(frame) == step.text:
            self._last = last
            self._sure = True
            self._tries = _TRIES
        # What nobody described is read in another way as soon as it says something else.
        elif step.path != PAYLOAD and step.channel.kind != "data":
            self._tries -= 1
            self._cut(frame, step)

    def _text(self, frame: Frame) -> str | None:
        """Return what stands between head and tail, where a frame has them."""
        data, head, tail = frame.data or b"", self._head, self._tail
        if frame.event != self._event or not (data.startswith(head) and data.endswith(tail)):
            return None
        inside = _INSIDE.fullmatch(data, len(head), len(data) - len(tail))
        try:
            return inside[0].decode() if inside else None
        except UnicodeDecodeError:
            return None

    def _cut(self, frame: Frame, step: Text) -> None:
        data = frame.data or b""
        try:
            head, _, tail = splice(data, {step.path: _MARK}).partition(_MARKED)
        except UnreadableFrameError:
            return
        self._head, self._tail, self._event = head + b'"', b'"' + tail, frame.event
        if self._text(frame) == step.text:
            self._last = step
