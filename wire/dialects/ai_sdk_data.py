"""The Vercel AI SDK's data stream, version 1: lines that begin with a code, as plain text.

Shapes: ``@ai-sdk/ui-utils`` 1.2, ``data-stream-parts``. ``0`` is text, ``g`` reasoning, ``c`` a
piece of the arguments of a tool; ``9`` says these arguments again as an object, and ``a`` what the
tool answered. Its parser throws at a comment and at a code that it does not know, and skips blank
lines, so the heartbeat is one. ``j`` is a signature, which passes.
"""

from __future__ import annotations

from ..coded import CODED
from ..describe import Description
from ..rules import SENTENCE, Closes, Says, Writes

__all__ = ["AI_SDK_DATA"]

AI_SDK_DATA = Description(
    name="ai_sdk_data",
    claims=("",),
    says=(
        Says(at="", when="@event=0"),
        Says(at="", kind="reasoning", when="@event=g"),
        Says(
            at="argsTextDelta",
            key=("toolCallId",),
            kind="tool",
            form="json",
            when="@event=c",
        ),
    ),
    closes=(
        Closes(when="@event=9", key=("toolCallId",), of=("argsTextDelta",)),
        Closes(when="@event=d|e|f"),
    ),
    in_turn=True,
    done="@event=d",
    fails="@event=3",
    finish="finishReason",
    good=("stop", "tool-calls"),
    usage=("usage.promptTokens", "usage.completionTokens"),
    error=(Writes(value=SENTENCE, event="3"),),
    refusal=(Writes(value={"finishReason": "content-filter"}, event="d"),),
    repeats=("args",),
    alone=("finishReason", "toolName"),
    foreign=("data", "result"),
    framing=CODED,
    header=("x-vercel-ai-data-stream", "v1"),
    heartbeat=b"\n",
).dialect()
