"""What an iterator yields, as the bytes of a stream, and back: bytes, text, or objects."""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol, cast

from ...wire import MESSAGE, PLAIN, Dialect, Framing, framing_of, loads
from ...wire.errors import ConfigurationError, UnreadableFrameError
from .objects import as_json, with_edits

__all__ = ["Items", "framing_for", "items_like"]

_MIXED = "an iterator yields items of several sorts"
# `.stream()` of openai and anthropic: beside a piece stands what would tell all that is held.
_PIECES = ("chunk", "citation", "content", "delta", "partial_json", "text", "thinking")
_SNAPSHOT = "an object repeats all that was said so far: guard the SDK's raw stream instead"


class Items(Protocol):
    """One sort of items."""

    @property
    def framing(self) -> Framing | Dialect:
        """How their bytes are cut; or what they speak, where that is known."""
        ...

    def take(self, item: Any) -> bytes:
        """Return the bytes that an item brings.

        Raises:
            UnreadableFrameError: the item is of another sort, or cannot be read.
        """
        ...

    def give(self, frames: Sequence[bytes]) -> list[Any]:
        """Return the items for the frames that leave, in their order."""
        ...


def framing_for(content_type: str | None) -> Framing:
    """Return the framing that is asked for.

    Raises:
        ConfigurationError: the content type names no stream.
    """
    framing = PLAIN if content_type is None else framing_of(content_type)
    if framing is None:
        raise ConfigurationError(
            f"content_type={content_type!r} names no stream: write 'text/event-stream', "
            "'application/x-ndjson' or 'text/plain', or leave it out"
        )
    return framing


def items_like(first: object, framing: Framing) -> Items:
    """Return how items are handled that are like the first one.

    Args:
        first: the first item.
        framing: how bytes and text are cut.
    """
    if isinstance(first, bytes | bytearray | memoryview):
        return _Bytes(framing)
    return _Texts(framing) if isinstance(first, str) else _Objects()


class _Bytes:
    def __init__(self, framing: Framing) -> None:
        self.framing = framing

    def take(self, item: Any) -> bytes:
        if not isinstance(item, bytes | bytearray | memoryview):
            raise UnreadableFrameError(_MIXED)
        return bytes(cast("bytes", item))

    def give(self, frames: Sequence[bytes]) -> list[bytes]:
        return list(frames)


class _Texts:
    """Text is bytes in UTF-8 on the way. Half a surrogate pair waits for the other half."""

    def __init__(self, framing: Framing) -> None:
        self.framing = framing
        self._half = ""
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def take(self, item: Any) -> bytes:
        if not isinstance(item, str):
            raise UnreadableFrameError(_MIXED)
        text, self._half = self._half + item, ""
        try:
            return text.encode()
        except UnicodeEncodeError:
            pass
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        pairs = text.encode("utf-16-le", "surrogatepass")
        return pairs.decode("utf-16-le", "replace").encode()

    def give(self, frames: Sequence[bytes]) -> list[str]:
        return [text for text in map(self._decode, frames) if text]


class _Objects:
    """Objects are messages, in JSON. Each that leaves is the first of those that wait."""

    framing = MESSAGE

    def __init__(self) -> None:
        self._waiting: deque[tuple[bytes, Any]] = deque()

    def take(self, item: Any) -> bytes:
        if isinstance(item, str | bytes | bytearray | memoryview):
            raise UnreadableFrameError(_MIXED)
        if hasattr(item, "snapshot") and any(hasattr(item, name) for name in _PIECES):
            raise UnreadableFrameError(_SNAPSHOT)
        raw = as_json(item) + b"\n"
        if raw[:1] not in b"{[":
            raise UnreadableFrameError("an item is neither bytes, nor text, nor an object")
        self._waiting.append((raw, item))
        return raw

    def give(self, frames: Sequence[bytes]) -> list[Any]:
        return [self._give(frame) for frame in frames]

    def _give(self, frame: bytes) -> Any:
        raw, item = self._waiting.popleft()
        return item if frame == raw else with_edits(item, loads(raw), loads(frame))
