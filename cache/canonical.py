"""One form for request bodies that mean the same.

Strategy: a false miss costs money, a false hit serves the wrong answer. So only what JSON
itself calls insignificant is folded: the order of names, white space, the way a character is
escaped (RFC 8259 §2, §4, §7). Everything else stays as it was written:

- arrays keep their order;
- a number is its own spelling: ``1``, ``1.0`` and ``1e0`` differ, and no integer is too large;
- text is not normalised: two Unicode spellings of *é* are two prompts.

RFC 8785 (JCS) is close, but it refuses integers above 2**53, which seeds are, and folds
``1.0`` into ``1``.

What cannot be read as JSON by these rules is its own canonical form, byte for byte. A tag in
front keeps the two kinds apart, so that no body can pose as the canonical form of another.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

from ..wire.errors import UncacheableRequestError

__all__ = ["MAX_BODY_BYTES", "canonical_body"]

# 1 MiB takes some 15 ms to read and write anew, all of it on the event loop. A conversation
# of 200 000 tokens fits; embedded pictures do not, and who repeats them may raise the limit.
MAX_BODY_BYTES: Final = 1 << 20

_CANONICAL: Final = b"json:"
_RAW: Final = b"raw:"

# RFC 6839 §3.1 gives the suffix; parameters come after the first semicolon.
_JSON_MEDIA_TYPE: Final = re.compile(
    r"\s*(application/json|[^/;\s]+/[^/;\s]+\+json)\s*(;|$)", re.IGNORECASE
)


def canonical_body(content_type: str, body: bytes, *, limit: int = MAX_BODY_BYTES) -> bytes:
    """Return a form of ``body`` that is equal for equal requests, and for no others.

    Args:
        content_type: the value of ``Content-Type``; ``""`` if there is none.
        body: the whole body, without content coding.
        limit: the longest body, in bytes, that is looked at.

    Returns:
        ``b"json:…"`` for ``application/json`` and ``*/*+json``; ``b"raw:…"`` with the bytes as
        they came for other types, and for bodies that are not UTF-8, not JSON, nested too
        deeply for the interpreter, or that hold ``NaN``, ``Infinity`` or half a surrogate pair.

    Raises:
        UncacheableRequestError: ``too_large``; or ``duplicate_name``, since which of two equal
            names counts is up to each parser (RFC 8259 §4).
    """
    if len(body) > limit:
        raise UncacheableRequestError("too_large")
    if _JSON_MEDIA_TYPE.match(content_type) is None:
        return _RAW + body
    try:
        return _CANONICAL + _rewritten(body)
    except (ValueError, RecursionError):
        return _RAW + body


def _rewritten(body: bytes) -> bytes:
    value: object = _DECODER.decode(body.decode("utf-8"))
    return msgspec.json.encode(value, order="deterministic")


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UncacheableRequestError("duplicate_name")
    return members


def _spelling(number: str) -> msgspec.Raw:
    return msgspec.Raw(number.encode("ascii"))


def _not_json(constant: str) -> None:
    msg = f"{constant} is not JSON"
    raise ValueError(msg)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique_names,
    parse_int=_spelling,
    parse_float=_spelling,
    parse_constant=_not_json,
)
