"""Plain text, as ``StreamingResponse(..., media_type="text/plain")`` sends it."""

from __future__ import annotations

from ..dialect import Dialect, Hint
from ..plain import PLAIN
from .raw_sse import TextReader

__all__ = ["PLAIN_TEXT"]


def _claims(hint: Hint) -> bool:
    del hint
    return True


PLAIN_TEXT = Dialect(
    name="plain_text",
    framing=PLAIN,
    reader=TextReader,
    claims=_claims,
    heartbeat=b"",  # every byte is text
)
