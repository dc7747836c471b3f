"""One entry of the log of a running answer: some frames in a row, and what is around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from ...wire.errors import CorruptRecordingError
from ..recording import RecordedFrame
from ..running import Ending, Head

if TYPE_CHECKING:
    from ..encryption import Encryption

__all__ = ["OVER", "Entry", "EntryForm"]

_PLACE_BYTES: Final = 8


class Entry(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Some frames in a row.

    Attributes:
        first: how many frames came before.
        head: status and headers; in the first entry.
        frames: any number.
        ending: how the answer ended; in the last entry.
        delivered: whether the client that it was made for has all of it.
    """

    first: int
    head: Head | None
    frames: tuple[RecordedFrame, ...]
    ending: Ending | None = None
    delivered: bool = False


#: Tells those who follow that nobody gives this answer.
OVER: Final = Entry(0, None, (), "lost")


class EntryForm:
    """Turns the entries of one answer into bytes and back.

    Sealed, an entry opens in its place only: another answer's, or another place's, does not.

    Args:
        key: of the request.
        generation: of the answer.
        encryption: seals the entries; None: they stay readable.
    """

    def __init__(self, key: bytes, generation: bytes, encryption: Encryption | None) -> None:
        self._name = b"log:" + key + generation
        self._encryption = encryption

    def encode(self, entry: Entry) -> bytes:
        """Return the bytes of an entry."""
        place = entry.first.to_bytes(_PLACE_BYTES, "big")
        data = msgspec.msgpack.encode(entry)
        if self._encryption is not None:
            data = self._encryption.seal(self._name + place, data)
        return place + data

    def decode(self, stored: bytes) -> Entry:
        """Return the entry.

        Raises:
            CorruptRecordingError: it is none, or none of this answer.
        """
        place, data = stored[:_PLACE_BYTES], stored[_PLACE_BYTES:]
        if self._encryption is not None:
            data = self._encryption.open(self._name + place, data)
        try:
            entry = _DECODER.decode(data)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise CorruptRecordingError("an entry of a log is damaged") from error
        if entry.first != int.from_bytes(place, "big"):
            raise CorruptRecordingError("an entry of a log is in another's place")
        return entry


_DECODER: Final = msgspec.msgpack.Decoder(Entry)
