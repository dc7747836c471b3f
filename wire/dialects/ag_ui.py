"""AG-UI, the protocol between agents and user interfaces, over SSE.

Shapes: https://docs.ag-ui.com/concepts/events and the types of ag-ui-protocol. Messages are told
apart by ``messageId``, calls by ``toolCallId``. Chunk events say their id only once: what they say
is over when any other event comes. ``THINKING_*`` are older names of ``REASONING_*``.

``MESSAGES_SNAPSHOT`` replaces what the client has; snapshots and changes of the state often grow
as a text is written into them. So a string in the state that begins as it did before waits until
all of it is decided, as long as nothing but the state and the arguments of tools comes; so nothing
of it is shown that a longer one would hide.

Lines end with LF, no event is empty, and there is no end marker: the client fails on them. On a
transfer that is cut it rejects a promise that nobody holds, which ends a process of Node; so an
answer that breaks ends behind ``RUN_ERROR``. The binary form,
``application/vnd.ag-ui.event+proto``, is not read.
"""

from __future__ import annotations

from ..describe import Description
from ..rules import CODE, SENTENCE, Closes, Says, Writes

__all__ = ["AG_UI"]

_MESSAGE, _CALL = ("messageId",), ("toolCallId",)
_REASONS = "REASONING_MESSAGE_CONTENT|THINKING_TEXT_MESSAGE_CONTENT"
_REASONED = "REASONING_MESSAGE_END|THINKING_TEXT_MESSAGE_END"
_STATE = "STATE_SNAPSHOT|STATE_DELTA|TOOL_CALL_ARGS|TOOL_CALL_CHUNK"

AG_UI = Description(
    name="ag_ui",
    claims=(
        "type=RUN_STARTED|RUN_ERROR|STEP_STARTED|STATE_SNAPSHOT|MESSAGES_SNAPSHOT",
        "type=TEXT_MESSAGE_START|TEXT_MESSAGE_CONTENT|TEXT_MESSAGE_CHUNK|TOOL_CALL_START",
    ),
    says=(
        Says(name="text", at="delta", key=_MESSAGE, when="type=TEXT_MESSAGE_CONTENT"),
        Says(name="text chunk", at="delta", when="type=TEXT_MESSAGE_CHUNK"),
        Says(name="reason", at="delta", key=_MESSAGE, kind="reasoning", when=f"type={_REASONS}"),
        Says(
            name="reason chunk", at="delta", kind="reasoning", when="type=REASONING_MESSAGE_CHUNK"
        ),
        Says(
            name="call", at="delta", key=_CALL, kind="tool", form="json", when="type=TOOL_CALL_ARGS"
        ),
        Says(name="call chunk", at="delta", kind="tool", form="json", when="type=TOOL_CALL_CHUNK"),
        Says(name="state", at="snapshot", kind="data", so_far=True, when="type=STATE_SNAPSHOT"),
        Says(
            name="change",
            at="delta[].value",
            key=("delta[].path",),
            kind="data",
            so_far=True,
            when="type=STATE_DELTA",
        ),
    ),
    closes=(
        Closes(when="type=TEXT_MESSAGE_END", key=_MESSAGE, of=("text",)),
        Closes(when=f"type={_REASONED}", key=_MESSAGE, of=("reason",)),
        Closes(when="type=TOOL_CALL_END", key=_CALL, of=("call",)),
        Closes(when="type!=TEXT_MESSAGE_CHUNK", of=("text chunk",)),
        Closes(when="type!=REASONING_MESSAGE_CHUNK", of=("reason chunk",)),
        Closes(when="type!=TOOL_CALL_CHUNK", of=("call chunk",)),
        Closes(when=f"type!={_STATE}", of=("state", "change")),
    ),
    done="type=RUN_FINISHED",
    fails="type=RUN_ERROR",
    usage=("usage[].inputTokens", "usage[].outputTokens"),
    error=(Writes(value={"type": "RUN_ERROR", "message": SENTENCE, "code": CODE}),),
    cut=False,
    repeats=("messages",),
    alone=("parentMessageId", "runId", "threadId", "toolCallName"),
    foreign=("content", "event", "patch", "result", "snapshot", "state", "value"),
).dialect()
