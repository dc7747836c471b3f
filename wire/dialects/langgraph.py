"""LangGraph's platform: messages as they are written, and the state of the graph.

Shapes: https://langchain-ai.github.io/langgraph and the types of langgraph-sdk. ``messages`` sends
a chunk and its metadata. ``messages/partial`` sends all of a message so far each time, with the
arguments of tools as objects that grow: each waits until all of it is decided, and is never
compared with what was held back. ``messages/complete``, ``values`` and ``updates`` repeat texts.
Events of sub-graphs have a ``|`` and their place behind the name.

The client delivers an error and does not raise; the cut transfer does. ``id`` is that of the
server, by which clients resume: a resumed stream is another one to the guards.
"""

from __future__ import annotations

from ..describe import Description
from ..rules import CODE, SENTENCE, Closes, Says, Writes

__all__ = ["LANGGRAPH"]

_CHUNK = "@event=messages|messages[!/]*"
_SO_FAR = "@event=messages/partial|messages/partial[!/]*"
_WHOLE = "messages/complete|messages/complete[!/]*"
_ID = ("[].id",)
_CALLS = "[].tool_call_chunks[]"
_REASON = "[].additional_kwargs.reasoning_content"

LANGGRAPH = Description(
    name="langgraph",
    claims=("@event=metadata & run_id & attempt=*", "@event=messages/*", "@event=messages & []=*"),
    says=(
        Says(at="[].content", key=_ID, when=_CHUNK),
        Says(at="[].content[].text", key=_ID, when=_CHUNK),
        Says(at="[].content[].thinking", key=_ID, kind="reasoning", when=_CHUNK),
        Says(at=_REASON, key=_ID, kind="reasoning", when=_CHUNK),
        Says(
            at=f"{_CALLS}.args",
            key=(*_ID, f"{_CALLS}.index"),
            kind="tool",
            form="json",
            when=_CHUNK,
        ),
        Says(name="so far", at="[].content", key=_ID, so_far=True, when=_SO_FAR),
        Says(
            name="reasons so far",
            at=_REASON,
            key=_ID,
            kind="reasoning",
            so_far=True,
            when=_SO_FAR,
        ),
        Says(
            name="calls so far",
            at="[].tool_calls[].args",
            key=(*_ID, "[].tool_calls[].index"),
            kind="tool",
            so_far=True,
            when=_SO_FAR,
        ),
        Says(
            name="raw calls so far",
            at="[].additional_kwargs.tool_calls[].function.arguments",
            key=(*_ID, "[].additional_kwargs.tool_calls[].index"),
            kind="tool",
            form="json",
            so_far=True,
            when=_SO_FAR,
        ),
        Says(
            name="chunks so far",
            at=f"{_CALLS}.args",
            key=(*_ID, f"{_CALLS}.index"),
            kind="tool",
            form="json",
            so_far=True,
            when=_SO_FAR,
        ),
    ),
    closes=(
        Closes(when=f"@event={_WHOLE}", key=_ID),
        Closes(when=f"{_CHUNK} & [].chunk_position=last", key=_ID),
        Closes(when=f"{_CHUNK} & [].response_metadata.finish_reason", key=_ID),
        Closes(when="@event=values|error|end"),
    ),
    done="@event=end",
    fails="@event=error",
    resumes=True,
    usage=("[].usage_metadata.input_tokens", "[].usage_metadata.output_tokens"),
    error=(Writes(value={"error": CODE, "message": SENTENCE}, event="error"),),
    alone=("run_id", "thread_id", "assistant_id", "checkpoint_id", "checkpoint_ns"),
    paths=("/runs/stream",),
).dialect()
