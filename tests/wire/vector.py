"""What a vector is: an example stream, and what is to be said of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from streamward.wire import Framing, framing_of

SSE_TYPE = "text/event-stream; charset=utf-8"
NDJSON_TYPE = "application/x-ndjson"
PIECES = ("Call S3C", "RET-4", "21 at once", " or not")
SAID = "".join(PIECES)


@dataclass(frozen=True)
class Vector:
    """A stream, and what is to be said of it."""

    name: str
    dialect: str
    body: bytes
    complete: bool = True
    failed: bool = False
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = SSE_TYPE
    early: str = ""

    @property
    def framing(self) -> Framing:
        framing = framing_of(self.content_type, self.path, self.headers)
        assert framing is not None
        return framing

    @property
    def secret(self) -> bool:
        return self.name.endswith("*")


def line(value: Any) -> str:
    """Write JSON as it is; with escapes where half a surrogate pair has no UTF-8."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


def sse(*events: Any, named: bool = False) -> bytes:
    """Write events; a string is written as the payload itself."""
    out = ""
    for event in events:
        if named and isinstance(event, dict):
            out += f"event: {event['type']}\n"
        out += f"data: {event if isinstance(event, str) else line(event)}\n\n"
    return out.encode()


ARGUMENTS = ('{"to":"S3C', "\\u00", "52ET-421 \\ud83d", '\\ude00","n":[1,2', '.5e3],"ok":true}')
