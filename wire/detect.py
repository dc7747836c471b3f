"""The table of dialects, and how one of them is recognised.

Order of the evidence: a vendor's header, the content type, the first frame that a client
dispatches, the path of the request. The table is asked from top to bottom; the last row of each
framing takes everything. Messages are asked of the rows of all framings but plain text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .dialect import Dialect, Hint
from .dialects.ai_sdk_ui import AI_SDK_UI
from .dialects.anthropic import ANTHROPIC
from .dialects.ollama import OLLAMA
from .dialects.openai_chat import OPENAI_CHAT
from .dialects.openai_realtime import OPENAI_REALTIME
from .dialects.openai_responses import OPENAI_RESPONSES
from .dialects.plain_text import PLAIN_TEXT
from .dialects.raw_sse import RAW_SSE
from .dialects.unknown_json import UNKNOWN_JSON, UNKNOWN_NDJSON
from .errors import UnreadableFrameError
from .frame import Frame, Framing
from .json_codec import is_object, loads
from .message import MESSAGE
from .ndjson import NDJSON
from .plain import PLAIN
from .sse import SSE

__all__ = [
    "DIALECTS",
    "detect",
    "expect",
    "framing_of",
    "is_bare_error",
    "is_end_marker",
    "may_be_sse",
]

DIALECTS: tuple[Dialect, ...] = (
    AI_SDK_UI,
    OPENAI_REALTIME,
    OPENAI_CHAT,
    OPENAI_RESPONSES,
    ANTHROPIC,
    OLLAMA,
    UNKNOWN_JSON,
    RAW_SSE,
    UNKNOWN_NDJSON,
    PLAIN_TEXT,
)

_GENERIC = (UNKNOWN_JSON, RAW_SSE, UNKNOWN_NDJSON, PLAIN_TEXT)

_MEDIA_TYPES = {
    "text/event-stream": SSE,
    "application/x-ndjson": NDJSON,
    "application/ndjson": NDJSON,
    "application/jsonl": NDJSON,
    "application/x-jsonlines": NDJSON,
    "application/json-lines": NDJSON,
    "application/stream+json": NDJSON,
    "text/plain": PLAIN,
}

_SSE_STARTS = (b"data:", b"event:")
_SSE_COMMENT = re.compile(rb":[^\r\n]*+(?:\r\n|\n|\r(?=[^\n]))")
_LONGEST_COMMENT = 4096  # 2 KiB of padding are usual


def framing_of(content_type: str) -> Framing | None:
    """Return the framing that a ``Content-Type`` names; None when it names no stream."""
    return _MEDIA_TYPES.get(content_type.partition(";")[0].strip().lower())


def may_be_sse(begin: bytes) -> bool | None:
    """Whether a plain text body is SSE under a wrong name; None: more bytes must tell.

    Servers exist that send it so, and clients that do not mind (openai-python).
    """
    text = begin.removeprefix(b"\xef\xbb\xbf")
    starts = (*_SSE_STARTS, b"\r", b"\n") if text.startswith(b":") else _SSE_STARTS
    while text.startswith(b":"):  # a comment, if an empty line or a field comes behind it
        comment = _SSE_COMMENT.match(text)
        if comment is None:
            return None if len(text) <= _LONGEST_COMMENT else False
        text = text[comment.end() :]
    if text.startswith(starts):
        return True
    return None if any(start.startswith(text) for start in starts) else False


def is_end_marker(frame: Frame) -> bool:
    """Whether a frame is the end marker that many dialects share; it recognises none of them."""
    return frame.data == b"[DONE]"


def is_bare_error(frame: Frame) -> bool:
    """Whether a frame says only that something failed; it recognises no dialect either."""
    if b'"error"' not in (frame.data or b""):
        return False
    try:
        value = loads(frame.data or b"")
    except UnreadableFrameError:
        return False
    return is_object(value) and value.keys() == {"error"}


def detect(framing: Framing, headers: Mapping[str, str], path: str, frame: Frame) -> Dialect:
    """Recognise a dialect from the first frame that a client dispatches.

    Args:
        framing: how the stream is cut.
        headers: response headers, names in lower case.
        path: the path of the request.
        frame: the first frame whose ``data`` is not None and no end marker.
    """
    try:
        value = loads(frame.data or b"") if framing is not PLAIN else None
    except UnreadableFrameError:
        value = None
    hint = Hint(headers, path, frame, value)
    rows = _rows(framing)
    found = next((row for row in rows if row.claims(hint)), rows[-1])
    # An error says little of who sent it; where the path says more, it is believed.
    says_error = is_object(value) and bool(value.get("error") or value.get("type") == "error")
    return expect(framing, path, headers, found) if says_error and found in _GENERIC else found


def expect(
    framing: Framing,
    path: str,
    headers: Mapping[str, str] | None = None,
    otherwise: Dialect | None = None,
) -> Dialect:
    """Guess a dialect before its first frame, for an error or a heartbeat that cannot wait.

    Args:
        framing: how the stream is cut.
        path: the path of the request.
        headers: response headers, names in lower case, where they are known.
        otherwise: the guess where nothing hints at a dialect; the framing's last row if omitted.
    """
    rows = _rows(framing)
    for row in rows:
        if row.header is not None and (headers or {}).get(row.header[0]) == row.header[1]:
            return row
    asked = path.rstrip("/")
    guess = next((row for row in rows if row.paths and asked.endswith(row.paths)), rows[-1])
    return otherwise if otherwise is not None and guess is rows[-1] else guess


def _rows(framing: Framing) -> list[Dialect]:
    """Return the rows of a framing. A message may speak any dialect whose frames are JSON or text.

    The last of those is raw text, whose error is an object with a type.
    """
    if framing is not MESSAGE:
        return [row for row in DIALECTS if row.framing is framing]
    return [row for row in DIALECTS if row.framing is not PLAIN and row is not UNKNOWN_NDJSON]
