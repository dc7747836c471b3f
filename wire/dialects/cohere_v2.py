"""Cohere's chat, version 2.

Shapes: https://docs.cohere.com/v2/docs/streaming and the types of the ``cohere`` package. Events
are named in ``event:`` and in ``type``. Contents, tool calls and citations count their ``index``
each for itself. Citations come whole; their offsets count characters of the unedited text.

No error frame makes the client in Python raise: it skips what it does not know, and takes the rest
for another event. So a problem is told as the API's own last event, with ``finish_reason`` and
``error``, and the transfer is cut behind it, which raises.
"""

from __future__ import annotations

from ..describe import Description
from ..rules import SENTENCE, Closes, Hides, Says, Writes

__all__ = ["COHERE_V2"]

_FAILED = {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": SENTENCE}}
_MESSAGE = "delta.message"
_TEXT = f"{_MESSAGE}.content.text"
_THINKING = f"{_MESSAGE}.content.thinking"
_PLAN = f"{_MESSAGE}.tool_plan"
_ARGUMENTS = f"{_MESSAGE}.tool_calls.function.arguments"
_OF_CONTENT = "type=content-start|content-delta"

COHERE_V2 = Description(
    name="cohere_v2",
    claims=(
        "type=content-start|content-delta|content-end|message-end|tool-plan-delta|tool-call-start",
        "type=message-start & delta.message",
        "type=message-start & @event=message-start",
    ),
    says=(
        Says(at=_THINKING, key=("index",), kind="reasoning", when=_OF_CONTENT),
        Says(at=_TEXT, key=("index",), when=_OF_CONTENT),
        Says(at=_PLAN, kind="reasoning", when="type=tool-plan-delta"),
        Says(at=_ARGUMENTS, key=("index",), kind="tool", form="json"),
    ),
    closes=(
        Closes(when="type=content-end", key=("index",), of=(_TEXT, _THINKING)),
        Closes(when="type=tool-call-start|content-start", of=(_PLAN,)),
        Closes(when="type=tool-call-end", key=("index",), of=(_ARGUMENTS,)),
        Closes(when="type=message-end"),
    ),
    done="type=message-end",
    fails="delta.finish_reason=ERROR|ERROR_TOXIC|TIMEOUT",
    finish="delta.finish_reason",
    good=("COMPLETE", "STOP_SEQUENCE", "TOOL_CALL"),
    usage=("delta.usage.tokens.input_tokens", "delta.usage.tokens.output_tokens"),
    error=(Writes(value=_FAILED, event="message-end"),),
    hides=(
        Hides(at=f"{_MESSAGE}.content.logprobs", spells=f"{_MESSAGE}.content.logprobs.text"),
        Hides(at="logprobs", spells="logprobs.text"),
    ),
    paths=("/v2/chat",),
).dialect()
