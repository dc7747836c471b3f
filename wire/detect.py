"""The table of dialects, and how one of them is recognised.

Order of the evidence: a vendor's header, the content type, the first frame that a client
dispatches, the path of the request. The table is asked from top to bottom; the last row of each
framing takes everything. Messages are asked of the rows of all framings but plain text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .coded import CODED
from .dialect import Dialect, Hint
from .dialects.a2a import A2A
from .dialects.ag_ui import AG_UI
from .dialects.ai_sdk_data import AI_SDK_DATA
from .dialects.ai_sdk_ui import AI_SDK_UI
from .dialects.anthropic import ANTHROPIC
from .dialects.bedrock_converse import BEDROCK_CONVERSE
from .dialects.cohere_v2 import COHERE_V2
from .dialects.gemini import GEMINI, GEMINI_ARRAY
from .dialects.gemini_interactions import GEMINI_INTERACTIONS
from .dialects.langgraph import LANGGRAPH
from .dialects.langserve import LANGSERVE
from .dialects.llama_cpp import LLAMA_CPP
from .dialects.mcp import MCP
from .dialects.ollama import OLLAMA
from .dialects.openai_assistants import OPENAI_ASSISTANTS
from .dialects.openai_chat import OPENAI_CHAT
from .dialects.openai_completions import OPENAI_COMPLETIONS
from .dialects.openai_realtime import OPENAI_REALTIME
from .dialects.openai_responses import OPENAI_RESPONSES
from .dialects.plain_text import PLAIN_TEXT
from .dialects.raw_sse import RAW_SSE
from .dialects.tgi import TGI
from .dialects.unknown_json import UNKNOWN_JSON, UNKNOWN_NDJSON
from .errors import UnreadableFrameError
from .event_stream import EVENT_STREAM
from .frame import Frame, Framing
from .json_array import JSON_ARRAY
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
    "may_be_coded",
    "may_be_sse",
]

DIALECTS: tuple[Dialect, ...] = (
    AI_SDK_UI,
    AI_SDK_DATA,
    OPENAI_REALTIME,
    OPENAI_CHAT,
    OPENAI_COMPLETIONS,
    OPENAI_RESPONSES,
    OPENAI_ASSISTANTS,
    ANTHROPIC,
    BEDROCK_CONVERSE,
    COHERE_V2,
    GEMINI,
    GEMINI_ARRAY,
    GEMINI_INTERACTIONS,
    TGI,
    LLAMA_CPP,
    AG_UI,
    A2A,
    MCP,
    LANGGRAPH,
    LANGSERVE,
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
    "application/vnd.amazon.eventstream": EVENT_STREAM,
    "text/plain": PLAIN,
}

_SSE_STARTS = (b"data:", b"event:")
_SSE_COMMENT = re.compile(rb":[^\r\n]*+(?:\r\n|\n|\r(?=[^\n]))")
_CODED_START = b'f:{"messageId":'
_LONGEST_COMMENT = 4096  # 2 KiB of padding are usual


# Requests that are answered with one JSON array, an element at a time.
_ARRAYS = (":streamGenerateContent",)


def framing_of(
    content_type: str, path: str = "", headers: Mapping[str, str] | None = None
) -> Framing | None:
    """Return the framing that a ``Content-Type`` names; None when it names no stream.

    Args:
        content_type: the header's value.
        path: the path of the request: JSON is a stream only where it is known to come as one.
        headers: response headers, names in lower case: a vendor's may say more.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json" and path.endswith(_ARRAYS):
        return JSON_ARRAY
    framing = _MEDIA_TYPES.get(media_type)
    name, value = AI_SDK_DATA.header or ("", "")
    return CODED if framing is PLAIN and (headers or {}).get(name) == value else framing


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


def may_be_coded(begin: bytes) -> bool | None:
    """Whether a plain text body is lines with codes; None: more bytes must tell.

    The AI SDK begins so. Its header is lost where a proxy passes on the usual ones only.
    """
    if begin.startswith(_CODED_START):
        return True
    return None if _CODED_START.startswith(begin) else False


def is_end_marker(frame: Frame) -> bool:
    """Whether a frame is the end marker that many dialects share; it recognises none of them.

    Neither does an empty payload, with which MCP begins.
    """
    return frame.data in (b"[DONE]", b"")


def is_bare_error(frame: Frame) -> bool:
    """Whether a frame says only that something failed; it recognises no dialect either."""
    if b'"error"' not in (frame.data or b""):
        return False
    try:
        value = loads(frame.data or b"")
    except UnreadableFrameError:
        return False
    return is_object(value) and value.keys() == {"error"}


def detect(
    framing: Framing,
    headers: Mapping[str, str],
    path: str,
    frame: Frame,
    own: Sequence[Dialect] = (),
) -> Dialect:
    """Recognise a dialect from the first frame that a client dispatches.

    Args:
        framing: how the stream is cut.
        headers: response headers, names in lower case.
        path: the path of the request.
        frame: the first frame whose ``data`` is not None and no end marker.
        own: dialects of the user's; they are asked first.
    """
    try:
        value = loads(frame.data or b"") if framing is not PLAIN else None
    except UnreadableFrameError:
        value = None
    hint = Hint(headers, path, frame, value)
    rows = _rows(framing, own)
    found = next((row for row in rows if row.claims(hint)), rows[-1])
    # An error, or nothing, says little of who sent it; where the path says more, it is believed.
    says_little = is_object(value) and bool(
        not value or value.get("error") or value.get("type") == "error"
    )
    if says_little and found in _GENERIC:
        return expect(framing, path, headers, found, own)
    return found


def expect(
    framing: Framing,
    path: str,
    headers: Mapping[str, str] | None = None,
    otherwise: Dialect | None = None,
    own: Sequence[Dialect] = (),
) -> Dialect:
    """Guess a dialect before its first frame, for an error or a heartbeat that cannot wait.

    Args:
        framing: how the stream is cut.
        path: the path of the request.
        headers: response headers, names in lower case, where they are known.
        otherwise: the guess where nothing hints at a dialect; the framing's last row if omitted.
        own: dialects of the user's; they are asked first.
    """
    rows = _rows(framing, own)
    for row in rows:
        if row.header is not None and (headers or {}).get(row.header[0]) == row.header[1]:
            return row
    asked = path.rstrip("/")
    guess = next((row for row in rows if row.paths and asked.endswith(row.paths)), rows[-1])
    return otherwise if otherwise is not None and guess is rows[-1] else guess


def _rows(framing: Framing, own: Sequence[Dialect]) -> list[Dialect]:
    """Return the rows of a framing. A message may speak any dialect whose frames are JSON or text.

    The last of those is raw text, whose error is an object with a type.
    """
    if framing is not MESSAGE:
        return [row for row in (*own, *DIALECTS) if row.framing is framing]
    spoken = [row for row in (*own, *DIALECTS) if row.framing in (MESSAGE, NDJSON, SSE)]
    return [row for row in spoken if row is not UNKNOWN_NDJSON]
