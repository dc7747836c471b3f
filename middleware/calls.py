"""Which JSON-RPC call a stream answers: an error has to bear its id, or nobody takes it for one."""

from __future__ import annotations

import msgspec

from .headers import Headers, by_name

__all__ = ["Call"]

_MAX_BODY = 1 << 20


class _Envelope(msgspec.Struct):
    jsonrpc: str
    id: int | str


_DECODER = msgspec.json.Decoder(_Envelope)


class Call:
    """Looks at the body of a request that asks for an event stream, as its pieces are read.

    Nothing but the id is kept, once the body is whole. One over 1 MiB is not looked at.

    Args:
        headers: those of the request.

    Attributes:
        id: the id of the call; 0 where none is known, since older clients fail on ``null``.
    """

    def __init__(self, headers: Headers) -> None:
        self.id: int | str = 0
        names = by_name(headers)
        asks = "text/event-stream" in names.get("accept", "")
        self._pieces: list[bytes] | None = [] if asks else None
        self._size = 0

    def note(self, piece: bytes, *, last: bool) -> None:
        """Take the next piece of the body."""
        if self._pieces is None:
            return
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > _MAX_BODY:
            self._pieces = None
        elif last:
            self._read(b"".join(self._pieces))
            self._pieces = None

    def _read(self, body: bytes) -> None:
        try:
            self.id = _DECODER.decode(body).id
        except (msgspec.DecodeError, UnicodeDecodeError):
            return  # it is none
