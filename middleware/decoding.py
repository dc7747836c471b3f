"""Undo the content coding of a stream, piece by piece."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from ..wire.errors import UnreadableFrameError, UnsupportedEncodingError

__all__ = ["Inflater"]

# A kilobyte of gzip can become a megabyte: the answer leaves in pieces of this size.
_PIECE = 64 * 1024
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 47}  # 47: zlib or gzip, by its header


class Inflater:
    """Decodes ``gzip`` and ``deflate`` (RFC 9110 §8.4.1).

    Servers that compress chunk by chunk send one gzip member after another; all are decoded.

    Raises:
        UnsupportedEncodingError: another coding.
    """

    def __init__(self, coding: str) -> None:
        if coding not in _WINDOWS:
            raise UnsupportedEncodingError(coding)
        self._window = _WINDOWS[coding]
        self._machine = zlib.decompressobj(self._window)
        self._begun = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the decoded bytes of a chunk, in pieces.

        Raises:
            UnreadableFrameError: the bytes are not what the coding says.
        """
        data = chunk
        more = bool(data)
        while more:
            self._begun = True
            if self._machine.eof:
                self._machine = zlib.decompressobj(self._window)
            try:
                piece = self._machine.decompress(data, _PIECE)
            except zlib.error as error:
                raise UnreadableFrameError("the body does not decode") from error
            data = self._machine.unconsumed_tail or self._machine.unused_data
            # A full piece may leave output inside although all input is taken.
            more = bool(data) or len(piece) == _PIECE
            if piece:
                yield piece

    def finish(self) -> None:
        """Check that nothing is missing.

        Raises:
            UnreadableFrameError: the body was cut.
        """
        if self._begun and not self._machine.eof:
            raise UnreadableFrameError("the compressed body is cut")
