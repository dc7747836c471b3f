"""Gemini's ``streamGenerateContent``, over SSE and as one JSON array.

Shapes: https://ai.google.dev/api/generate-content and the types of google-genai. A candidate is
told by ``index``, or by its place; its thoughts and its text are two channels. Parts begin anew in
every frame, so their places tell nothing. Function calls come whole, as objects; Vertex can send
the strings in them by pieces, each with its ``jsonPath``.

What else a frame holds is looked at as text of unknown shape: code and its output, grounding and
citations, block messages. ``thoughtSignature`` is opaque and passes. Log-probabilities spell the
text, so they go with an edit of it.

The client in Python fails on anything but ``data: {…}``: on comments, names, ids and end markers.
So the heartbeat is a blank line, and an error is an object that begins with ``error`` and has an
integer for its code.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..describe import Description
from ..dialect import BLANK_LINE
from ..json_array import JSON_ARRAY
from ..rules import CODE, SENTENCE, Closes, Hides, Says, Writes

__all__ = ["GEMINI", "GEMINI_ARRAY"]

_PARTS = "candidates[].content.parts[]"
_ARGUMENT = f"{_PARTS}.functionCall.partialArgs[].stringValue"
_KEY = ("candidates[].index",)
_PROBLEM = {
    "error": {
        "code": 500,
        "message": SENTENCE,
        "status": "INTERNAL",
        "details": [{"reason": CODE}],
    }
}
_REFUSED: dict[str, Any] = {
    "candidates": [
        {"content": {"parts": [], "role": "model"}, "finishReason": "SAFETY", "index": 0}
    ]
}

_GEMINI = Description(
    name="gemini",
    claims=(
        "candidates=* & choices!=*",
        "candidates[].content & choices!=*",
        "promptFeedback",
        "usageMetadata & modelVersion",
    ),
    says=(
        Says(at=f"{_PARTS}.text", key=_KEY, kind="reasoning", when=f"{_PARTS}.thought=true"),
        Says(at=f"{_PARTS}.text", key=_KEY, when=f"{_PARTS}.thought!=true"),
        Says(
            at=_ARGUMENT,
            key=(*_KEY, f"{_PARTS}.functionCall.partialArgs[].jsonPath"),
            kind="tool",
        ),
    ),
    closes=(
        Closes(when=f"{_PARTS}.functionCall.willContinue=false", key=_KEY, of=(_ARGUMENT,)),
        Closes(when="candidates[].finishReason", key=_KEY),
    ),
    in_turn=True,
    stops="promptFeedback.blockReason",
    fails="error",
    finish="candidates[].finishReason",
    good=("STOP",),
    usage=("usageMetadata.promptTokenCount", "usageMetadata.candidatesTokenCount"),
    error=(Writes(value=_PROBLEM),),
    refusal=(Writes(value=_REFUSED),),
    hides=(
        Hides(
            at="candidates[].logprobsResult",
            spells="candidates[].logprobsResult.chosenCandidates[].token",
        ),
    ),
    alone=("finishReason", "jsonPath", "modelVersion", "responseId"),
    paths=(":streamGenerateContent",),
    heartbeat=BLANK_LINE,
)

GEMINI = _GEMINI.dialect()
GEMINI_ARRAY = replace(
    _GEMINI,
    name="gemini_array",
    framing=JSON_ARRAY,
    claims=("",),
    error=(),  # who parses the array when it is whole has only the cut transfer
    refusal=(),
    heartbeat=b"\n",
).dialect()
