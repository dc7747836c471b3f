"""Frames that differ from the one before in nothing but their text: most of a stream.

Such a frame need not be parsed. JSON whose bytes are the same but for the inside of one string, and
that inside without a quote, a backslash or a control character, is the same value with another
string in that place. So it has the same names, and none of them twice if none was before. Nor has
it to be cut out of what comes, where nothing waits before it: its inside has no line end.
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

    Attributes:
        known: how many frames it has told the text of.
    """

    def __init__(self) -> None:
        self._tries = _TRIES
        self._head = self._tail = b""
        self._data = slice(0)  # where the payload stands in such a frame
        self._event = ""
        self._last: Text | None = None
        self._sure = False
        self.known = 0

    def text(self, raw: bytes) -> str | None:
        """Return the text of bytes that are a frame like the last two; None: it has to be read."""
        if not (self._sure and raw.startswith(self._head) and raw.endswith(self._tail)):
            return None
        inside = _INSIDE.fullmatch(raw, len(self._head), len(raw) - len(self._tail))
        if inside is None:
            return None
        try:
            text = inside[0].decode()
        except UnicodeDecodeError:
            return None
        self.known += 1
        return text

    def frame(self, raw: bytes, text: str) -> tuple[Frame, list[Step]]:
        """Return the frame that such bytes are, and what it holds."""
        last = self._last
        steps: list[Step] = [] if last is None else [Text(last.channel, last.path, text)]
        return Frame(raw, raw[self._data], self._event), steps

    def learn(self, frame: Frame, steps: list[Step]) -> None:
        """Take a frame that had to be parsed, and what it held."""
        last, self._last = self._last, None
        if len(steps) == 1 and self._tries and isinstance(step := steps[0], Text):
            if last is not None and step[:2] == last[:2] and self._encloses(frame.raw):
                self._last = last
                self._sure = True
                self._tries = _TRIES
                return
            # What nobody described is read in another way as soon as it says something else.
            if step.path != PAYLOAD and step.channel.kind != "data":
                self._tries -= 1
                self._cut(frame, step)
        self._sure = False

    def _encloses(self, raw: bytes) -> bool:
        """Whether head and tail stand in a frame, whatever is between them."""
        fits = len(raw) > len(self._head) + len(self._tail)
        return fits and raw.startswith(self._head) and raw.endswith(self._tail)

    def _cut(self, frame: Frame, step: Text) -> None:
        data = frame.data or b""
        before, found, behind = frame.raw.partition(data)
        if frame.aside or not frame.ended or not found:
            return
        try:
            head, _, tail = splice(data, {step.path: _MARK}).partition(_MARKED)
        except UnreadableFrameError:
            return
        self._head, self._tail = before + head + b'"', b'"' + tail + behind
        self._data = slice(len(before), -len(behind) or None)
        self._event = frame.event
        if self._encloses(frame.raw):
            self._last = step
