"""Server-sent events, cut on bytes as WHATWG HTML §9.2.6 says.

Strategy: a block ends at the first line end that is followed at once by another one. Line ends are
CRLF, LF and CR, in any mixture; no other character ends a line (U+2028 does not). A CR at the end
of a chunk ends its line at once, so a block never waits for a byte that may not come; should the
next chunk begin with the LF of that pair, it becomes a frame of its own that dispatches nothing.

Where this framer differs from the standard, on purpose:

* a block cut off by the end of the stream is delivered as a frame marked ``ended=False`` instead
  of being discarded: guards must see it, and the bytes must leave (promise P1);
* invalid UTF-8 is not replaced here: the frame keeps its bytes, and whoever reads it decides.
"""

from __future__ import annotations

import re

from .errors import FrameTooLargeError
from .frame import Frame, Framing

__all__ = ["SSE", "SseFramer"]

_BOM = b"\xef\xbb\xbf"
_BLANK = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")


class SseFramer:
    """Cuts a byte stream into SSE blocks.

    Args:
        limit: how many bytes a block may have.

    Attributes:
        between: whether nothing waits, and line ends have all been LF.
    """

    def __init__(self, limit: int) -> None:
        self.between = False
        self._limit = limit
        self._too_large = False
        self._buffer = bytearray()
        self._searched = 0  # no blank line begins before this offset of the buffer
        self._seen_cr = False
        self._after_cr = False  # the last byte taken was a CR that closed a block
        self._at_start = True  # a BOM may still come

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take bytes; return the blocks that are complete now."""
        if self._is_usual(chunk):
            return [Frame(chunk, chunk[6:-2])]
        self._check()
        frames: list[Frame] = []
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == 0x0A:
                frames.append(Frame(b"\n", None))
                chunk = chunk[1:]
        self._seen_cr = self._seen_cr or b"\r" in chunk
        if self._buffer:
            self._buffer += chunk
            taken = self._cut(self._buffer, frames)
            del self._buffer[:taken]
        else:
            taken = self._cut(chunk, frames)
            self._buffer += chunk[taken:]
        self._after_cr = taken > 0 and not self._buffer and chunk.endswith(b"\r")
        # A line end of up to two bytes may be the first half of the blank line.
        self._searched = max(0, len(self._buffer) - 2)
        self._too_large = self._too_large or len(self._buffer) > self._limit
        self.between = not (self._buffer or self._seen_cr or self._at_start or self._too_large)
        if not frames:
            self._check()  # else what came before the large block leaves, and the next call raises
        return frames

    def _is_usual(self, chunk: bytes) -> bool:
        """Whether a chunk is one whole block of one data line, and nothing waits before it."""
        return (
            self.between
            and chunk.startswith(b"data: ")
            and chunk.endswith(b"\n\n")
            and chunk.count(b"\n") == 2
            and b"\r" not in chunk
            and len(chunk) <= self._limit
        )

    def _check(self) -> None:
        if self._too_large:
            self._buffer.clear()
            raise FrameTooLargeError(self._limit)

    def _cut(self, buffer: bytes | bytearray, frames: list[Frame]) -> int:
        """Append the complete blocks of the buffer; return how many bytes they took."""
        begin = 0
        while begin < len(buffer) and (end := self._block_end(buffer, begin)) > 0:
            if end - begin > self._limit:
                self._too_large = True
                return len(buffer)
            frames.append(self._block(bytes(buffer[begin:end])))
            begin = end
            self._searched = 0
        return begin

    def finish(self) -> list[Frame]:
        """Return the block that the end of the stream cut off, if there is one."""
        self._check()
        rest = bytes(self._buffer)
        self._buffer.clear()
        return [self._block(rest, ended=False)] if rest else []

    def _block_end(self, buffer: bytes | bytearray, begin: int) -> int:
        """Return where the block that starts at ``begin`` ends, or -1 when it is not complete."""
        skip = 0
        if self._at_start and _BOM.startswith(buffer[:3]):
            if len(buffer) < 3:
                return -1
            skip = 3
        if buffer[begin + skip : begin + skip + 1] in (b"\n", b"\r"):
            blank = _LINE_END.match(buffer, begin + skip)
            return blank.end() if blank else -1
        if not self._seen_cr:
            found = buffer.find(b"\n\n", begin + self._searched)
            return found + 2 if found >= 0 else -1
        blank = _BLANK.search(buffer, begin + self._searched)
        return blank.end() if blank else -1

    def _block(self, raw: bytes, *, ended: bool = True) -> Frame:
        text = raw
        if self._at_start:
            self._at_start = False
            text = raw.removeprefix(_BOM)
        # The usual block: one data line. Everything else goes the long way.
        if (
            not self._seen_cr
            and text.startswith(b"data: ")
            and text.endswith(b"\n\n")
            and text.count(b"\n") == 2
        ):
            return Frame(raw, text[6:-2])
        return _parse(raw, text, ended=ended)


def _parse(raw: bytes, text: bytes, *, ended: bool) -> Frame:
    data: list[bytes] = []
    event = b""
    aside: list[bytes] = []
    for line in _LINE_END.split(text):
        if not line:
            continue
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data.append(value)
        elif name == b"event":
            event = value
        else:
            aside.append(line)
    return Frame(
        raw,
        b"\n".join(data) if data else None,
        event.decode("utf-8", "replace"),
        b"\n".join(aside),
        ended,
    )


def _lines(frame: Frame) -> list[tuple[bytes, bytes]]:
    """Return each line of a frame with the name of its field; a comment has an empty one.

    A BOM is dropped from the first line of a stream only: elsewhere it is part of a name.
    """
    asides = frame.aside.split(b"\n")
    lines: list[tuple[bytes, bytes]] = []
    for line in _LINE.findall(frame.raw):
        bare = line.rstrip(b"\r\n")
        if bare not in asides:
            bare = bare.removeprefix(_BOM)
        if line:
            lines.append((line, bare.partition(b":")[0]))
    return lines


def _with_data(frame: Frame, data: bytes) -> bytes:
    """Write the payload in the place of the first data line; the others go."""
    out: list[bytes] = []
    written = False
    for line, field in _lines(frame):
        if field != b"data":
            out.append(line)
        elif not written:
            written = True
            ending = line[len(line.rstrip(b"\r\n")) :]
            lead = _BOM if line.startswith(_BOM) else b""
            out.append(lead + _data_lines(data, ending or b"\n")[: None if ending else -1])
    return b"".join(out)


def _data_lines(data: bytes, ending: bytes) -> bytes:
    return b"".join(b"data: " + line + ending for line in _LINE_END.split(data))


def _without_aside(frame: Frame) -> Frame:
    kept = [line for line, field in _lines(frame) if field in _FIELDS or not line.strip(b"\r\n")]
    return Frame(b"".join(kept), frame.data, frame.event, b"", frame.ended)


_FIELDS = (b"data", b"event")


def _build(data: bytes, event: str) -> bytes:
    head = b"event: " + event.encode() + b"\n" if event else b""
    return head + _data_lines(data, b"\n") + b"\n"


SSE = Framing("sse", SseFramer, _with_data, _without_aside, _build)
