"""LangServe: ``/stream``, ``/stream_log`` and ``/stream_events``.

Shapes: the sources of langserve and langchain-core. ``/stream`` sends what a chain yields: strings
or message chunks. ``/stream_log`` sends JSON patches, in which ``/final_output`` says all of the
text so far each time. ``/stream_events`` tells of every run in a chain, each of which says the
same text and repeats it at its end. The stream ends with an event ``end`` that has no data.
"""

from __future__ import annotations

from ..describe import Description
from ..rules import SENTENCE, Closes, Says, Writes

__all__ = ["LANGSERVE"]

_DATA = "@event=data"
_RUN, _PATH = ("run_id",), ("ops[].path",)
_STREAMS = "@event=data & event=on_*_stream"
_PIECES = "@event=data & ops[].path=*/streamed_output/-|*/streamed_output_str/-"
_CALLS = "tool_call_chunks[]"

LANGSERVE = Description(
    name="langserve",
    claims=(
        "@event=metadata & run_id & attempt!=*",
        "@event=data & ops=*",
        "@event=data & run_id & event=on_*",
    ),
    says=(
        Says(at="", when=_DATA),
        Says(at="content", when=_DATA),
        Says(at="content[].text", when=_DATA),
        Says(at="content[].thinking", kind="reasoning", when=_DATA),
        Says(at="additional_kwargs.reasoning_content", kind="reasoning", when=_DATA),
        Says(at=f"{_CALLS}.args", key=(f"{_CALLS}.index",), kind="tool", form="json", when=_DATA),
        Says(at="ops[].value", key=_PATH, when=_PIECES),
        Says(at="ops[].value.content", key=_PATH, when=_PIECES),
        Says(name="all", at="ops[].value", so_far=True, when="ops[].path=/final_output"),
        Says(at="data.chunk", key=_RUN, when=_STREAMS),
        Says(at="data.chunk.content", key=_RUN, when=_STREAMS),
        Says(at="data.chunk.content[].text", key=_RUN, when=_STREAMS),
        Says(
            at=f"data.chunk.{_CALLS}.args",
            key=(*_RUN, f"data.chunk.{_CALLS}.index"),
            kind="tool",
            form="json",
            when=_STREAMS,
        ),
    ),
    closes=(
        Closes(when="event=on_*_end", key=_RUN),
        Closes(when="@event=end"),
    ),
    done="@event=end",
    fails="@event=error",
    usage=("usage_metadata.input_tokens", "usage_metadata.output_tokens"),
    error=(Writes(value={"status_code": 500, "message": SENTENCE}, event="error"),),
    repeats=("data.output",),
    alone=("run_id", "parent_ids", "op", "path"),
    foreign=("output",),
    paths=("/stream_log", "/stream_events"),
).dialect()
