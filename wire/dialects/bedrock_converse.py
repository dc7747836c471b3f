"""Amazon Bedrock's ``ConverseStream``, in AWS event streams.

Shapes: the service model of ``bedrock-runtime`` in botocore. Blocks are told apart by
``contentBlockIndex``. Reasoning is signed; a signature whose text was edited goes. What the
payload holds besides, such as citations and the trace of a guardrail, is looked at as text of
unknown shape.

``InvokeModelWithResponseStream`` packs the vendor's own events in base64, which nobody here reads:
with guards on such a stream is refused. An error is an exception of the service, on which botocore
raises. Nothing can be sent in silence: every byte belongs to a message.
"""

from __future__ import annotations

from ..describe import Description
from ..event_stream import EVENT_STREAM
from ..rules import CODE, SENTENCE, Closes, Hides, Says, Writes

__all__ = ["BEDROCK_CONVERSE"]

_KEY = ("contentBlockIndex",)
_EXCEPTIONS = (
    "internalServerException|modelStreamErrorException|modelTimeoutException"
    "|serviceUnavailableException|throttlingException|validationException"
)

BEDROCK_CONVERSE = Description(
    name="bedrock_converse",
    claims=("",),
    says=(
        Says(at="delta.text", key=_KEY),
        Says(at="delta.toolUse.input", key=_KEY, kind="tool", form="json"),
        Says(at="delta.toolResult[].text", key=_KEY, kind="output"),
        Says(
            at="delta.reasoningContent.text",
            key=_KEY,
            kind="reasoning",
            signature="delta.reasoningContent.signature",
        ),
    ),
    closes=(
        Closes(when="@event=contentBlockStop", key=_KEY),
        Closes(when="@event=messageStop"),
    ),
    done="@event=metadata",
    fails=f"@event={_EXCEPTIONS}|error",
    unreadable="@event=chunk",
    finish="stopReason",
    good=("end_turn", "stop_sequence", "tool_use"),
    usage=("usage.inputTokens", "usage.outputTokens"),
    error=(Writes(value={"message": SENTENCE, "code": CODE}, event="internalServerException"),),
    refusal=(Writes(value={"stopReason": "guardrail_intervened"}, event="messageStop"),),
    hides=(Hides(at="p", empty=""),),
    alone=("redactedContent", "stopReason", "toolUseId"),
    framing=EVENT_STREAM,
    paths=("/converse-stream",),
    heartbeat=b"",
).dialect()
