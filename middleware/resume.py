"""Going on after a cut: the ids of events, and links that only we can have written.

An id is ``generation.frames``: which of the answers to a request, and how many of its frames the
client has with this one (``id:`` and ``Last-Event-ID``, WHATWG HTML §9.2). A link carries what it
leads to, signed with the store's secret (RFC 2104), so that no replica has to remember it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ..cache import KEY_BYTES
from ..wire.errors import ResumeError
from .checks import positive, positive_or_none

__all__ = [
    "PARAMETER",
    "RESET",
    "Link",
    "Place",
    "Resume",
    "hint",
    "place_in",
    "read_link",
    "sign",
    "stamped",
]

#: What links have in their query.
PARAMETER: Final = "streamward-resume"

#: Tells a client that what it has belongs to another answer: the whole of this one follows.
RESET: Final = b'event: streamward-reset\ndata: {"reason": "unknown_generation"}\n\n'

_ID: Final = re.compile(r"([A-Za-z0-9_-]{22})\.([0-9]{1,9})")
_OWN_ID: Final = re.compile(rb"(?:^|[\r\n])id(?:[:\r\n])")
_BOM: Final = b"\xef\xbb\xbf"

_VERSION: Final = b"\x01"
_LABEL: Final = b"streamward-resume-1"
_TIME_BYTES: Final = 8
_MAC_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """How a client goes on after its connection was cut. Needs a cache.

    Each stream then has a ``Content-Location``: a link to this very answer. ``GET`` reads it from
    the beginning, or behind ``Last-Event-ID``; ``DELETE`` stops it, whichever replica is asked.
    Both have to come from whom the answer is for: with the same credentials, or the same name by
    ``CachePolicy(principal=…)``.

    Attributes:
        ids: True writes an ``id:`` into each event (SSE only), so that ``EventSource``, or whoever
            sends ``Last-Event-ID`` with the same request again, goes on where it was. Some
            official clients stumble over ids: say it where yours do not.
        expires: seconds that a link is good for; longer than the longest stream.
        hand_over: seconds after which the response is ended, between two frames, with a hint to go
            on: just before a platform would cut it. None: never. Needs ``ids``.

    Raises:
        ConfigurationError: a value that cannot work.
    """

    ids: bool = False
    expires: float = 3600.0
    hand_over: float | None = None

    def __post_init__(self) -> None:
        positive("Resume", "expires", self.expires)
        positive_or_none("Resume", "hand_over", self.hand_over)


class Place(NamedTuple):
    """Where a client is.

    Attributes:
        generation: which answer.
        frames: how many of its frames it has.
    """

    generation: bytes
    frames: int

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """Return the place that an id names; None if it is no id of ours."""
        found = _ID.fullmatch(text.strip())
        if found is None:
            return None
        return cls(base64.urlsafe_b64decode(found[1] + "=="), int(found[2]))


def stamped(frame: bytes, place: Place) -> bytes:
    """Return an event with its id in front; one that has an id already stays as it is."""
    if _OWN_ID.search(frame):
        return frame
    line = b"id: %s.%d\n" % (_text(place.generation), place.frames)
    if frame.startswith(_BOM):
        return _BOM + line + frame[len(_BOM) :]
    return line + frame


def hint(link: str) -> bytes:
    """Return the event before a hand-over: come back soon, and where to."""
    return b'event: streamward-resume\nretry: 100\ndata: {"url": "%s"}\n\n' % link.encode("ascii")


class Link(NamedTuple):
    """What a link leads to: which answer to which request."""

    key: bytes
    generation: bytes


def sign(secret: bytes, link: Link, whose: bytes, expires_at: float) -> str:
    """Return a link as letters, digits, ``-`` and ``_``.

    Args:
        secret: the store's.
        link: what it leads to.
        whose: the scope that may follow it.
        expires_at: in seconds since 1970.
    """
    time = int(expires_at).to_bytes(_TIME_BYTES, "big")
    payload = _VERSION + time + link.key + link.generation
    return _text(payload + _mac(secret, payload, whose)).decode("ascii")


def read_link(secret: bytes, token: str, whose: bytes | None, now: float) -> Link:
    """Return what a link leads to.

    Raises:
        ResumeError: ``"invalid"``: it was not signed with this secret for this scope;
            ``"expired"``: it was, too long ago.
    """
    try:
        signed = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise ResumeError("invalid") from error
    if _text(signed) != token.encode("ascii"):  # the last letter has bits that decoding ignores
        raise ResumeError("invalid")
    payload, mac = signed[:-_MAC_BYTES], signed[-_MAC_BYTES:]
    if whose is None or not hmac.compare_digest(mac, _mac(secret, payload, whose)):
        raise ResumeError("invalid")
    if int.from_bytes(payload[1 : 1 + _TIME_BYTES], "big") < now:
        raise ResumeError("expired")
    rest = payload[1 + _TIME_BYTES :]
    return Link(rest[:KEY_BYTES], rest[KEY_BYTES:])


def _text(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _mac(secret: bytes, payload: bytes, whose: bytes) -> bytes:
    # The payload has one length: nothing of the scope can pass for a piece of it.
    return hmac.digest(secret, _LABEL + payload + whose, "sha256")


def place_in(scope: Mapping[str, Any]) -> Place | None:
    """Return what the client of a request says it has (``Last-Event-ID``), if it is ours."""
    values = [value for name, value in scope["headers"] if name.lower() == b"last-event-id"]
    return Place.parse(values[0].decode("latin-1")) if len(values) == 1 else None
