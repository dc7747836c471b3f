"""Bytes to frames, frames to text and back. Knows nothing of guards, caches or HTTP."""

from __future__ import annotations

from .alike import Alike
from .coded import CODED
from .deep import deep_scan
from .describe import Description
from .detect import (
    DIALECTS,
    detect,
    expect,
    framing_of,
    is_bare_error,
    is_end_marker,
    may_be_coded,
    may_be_sse,
)
from .dialect import Dialect, Early, Hint, Problem, Reader, Signs
from .dialects.named_text import NAMED_TEXT
from .event_stream import EVENT_STREAM
from .form import Edit, NumberProjection, Projection, Run
from .frame import MAX_FRAME, Frame, Framer, Framing
from .json_array import JSON_ARRAY
from .json_codec import dumps, loads, repeats_a_name
from .json_form import JsonProjection
from .json_splice import Name, Path, splice
from .message import MESSAGE
from .ndjson import NDJSON
from .plain import PLAIN
from .reading import PAYLOAD, Channel, Close, Form, Scrub, SoFar, Sound, Step, Text, Usage, Whole
from .rules import CALL, CODE, SENTENCE, Closes, Hides, Says, Writes
from .sse import SSE
from .text_form import TextProjection

__all__ = [
    "CALL",
    "CODE",
    "CODED",
    "DIALECTS",
    "EVENT_STREAM",
    "JSON_ARRAY",
    "MAX_FRAME",
    "MESSAGE",
    "NAMED_TEXT",
    "NDJSON",
    "PAYLOAD",
    "PLAIN",
    "SENTENCE",
    "SSE",
    "Alike",
    "Channel",
    "Close",
    "Closes",
    "Description",
    "Dialect",
    "Early",
    "Edit",
    "Form",
    "Frame",
    "Framer",
    "Framing",
    "Hides",
    "Hint",
    "JsonProjection",
    "Name",
    "NumberProjection",
    "Path",
    "Problem",
    "Projection",
    "Reader",
    "Run",
    "Says",
    "Scrub",
    "Signs",
    "SoFar",
    "Sound",
    "Step",
    "Text",
    "TextProjection",
    "Usage",
    "Whole",
    "Writes",
    "deep_scan",
    "detect",
    "dumps",
    "expect",
    "framing_of",
    "is_bare_error",
    "is_end_marker",
    "loads",
    "may_be_coded",
    "may_be_sse",
    "repeats_a_name",
    "splice",
]
