"""Answers in the dialects of agents, and of what stands around them."""

from __future__ import annotations

from random import Random
from typing import Any

from streamward.wire import SSE

from .answer import Answer, Frames, Pieces, event_of, interleaved

__all__ = ["AGENTS"]

_THREE = ("reasoning", "content", "tool")


# AG-UI: messages and calls by id, and all of the messages once more.


def _ag_ui(pieces: Pieces, chance: Random) -> bytes:
    tracks = [
        _message("REASONING_MESSAGE", "m1", pieces["reasoning"]),
        _message("TEXT_MESSAGE", "m2", pieces["content"]),
        [
            event_of({"type": "TOOL_CALL_START", "toolCallId": "c"}),
            *(
                event_of({"type": "TOOL_CALL_ARGS", "toolCallId": "c", "delta": one})
                for one in pieces["tool"]
            ),
            event_of({"type": "TOOL_CALL_END", "toolCallId": "c"}),
        ],
    ]
    messages = [{"id": "m2", "content": "".join(pieces["content"])}]
    return (
        event_of({"type": "RUN_STARTED"})
        + interleaved(tracks, chance)
        + event_of({"type": "MESSAGES_SNAPSHOT", "messages": messages})
        + event_of({"type": "RUN_FINISHED"})
    )


def _message(sort: str, name: str, pieces: list[str]) -> Frames:
    at = {"messageId": name}
    said = [event_of({"type": f"{sort}_CONTENT", **at, "delta": one}) for one in pieces]
    return [
        event_of({"type": f"{sort}_START", **at}),
        *said,
        event_of({"type": f"{sort}_END", **at}),
    ]


# LangServe and LangGraph: chunks of messages, or all of a message so far.


def _langserve(pieces: Pieces, chance: Random) -> bytes:
    del chance
    said = [_chunk(content=one) for one in pieces["content"]]
    called = [_chunk(tool_call_chunks=[{"index": 0, "args": one}]) for one in pieces["tool"]]
    begin = event_of({"run_id": "r"}, "metadata")
    frames = [event_of(chunk, "data") for chunk in (*said, *called)]
    return begin + b"".join(frames) + b"event: end\n\n"


def _chunk(**more: Any) -> dict[str, Any]:
    return {"content": "", "type": "AIMessageChunk", "id": "run", **more}


_BEGIN = event_of({"run_id": "r", "attempt": 1}, "metadata")
_END = b"event: end\n\n"


def _langgraph(pieces: Pieces, chance: Random) -> bytes:
    tracks = [
        [_written("m1", content=one) for one in pieces["content"]],
        [_written("m2", tool_call_chunks=[{"args": one}]) for one in pieces["tool"]],
    ]
    messages = [{"id": "m1", "content": "".join(pieces["content"])}]
    values = event_of({"messages": messages}, "values")
    return _BEGIN + interleaved(tracks, chance) + values + _END


def _written(name: str, **more: Any) -> bytes:
    return SSE.build(_list({**_chunk(**more), "id": name}, {"langgraph_node": "a"}), "messages")


def _list(*values: Any) -> bytes:
    return b"[" + b",".join(event_of(value)[6:-2] for value in values) + b"]"


def _partial(pieces: Pieces, chance: Random) -> bytes:
    del chance
    so_far = ""
    frames: Frames = []
    for one in pieces["content"]:
        so_far += one
        frames.append(SSE.build(_list({"id": "m", "content": so_far}), "messages/partial"))
    whole = SSE.build(_list({"id": "m", "content": so_far}), "messages/complete")
    return _BEGIN + b"".join(frames) + whole + _END


# A2A: an artifact that is appended to.


def _a2a(pieces: Pieces, chance: Random) -> bytes:
    del chance
    frames: Frames = []
    for number, one in enumerate(pieces["content"]):
        artifact = {"artifactId": "a", "parts": [{"text": one}]}
        update = {"taskId": "t", "artifact": artifact, "append": number > 0}
        frames.append(event_of({"jsonrpc": "2.0", "result": {"artifactUpdate": update}}))
    whole = {"artifactId": "a", "parts": [{"text": "".join(pieces["content"])}]}
    done = {"id": "t", "status": {"state": "TASK_STATE_COMPLETED"}, "artifacts": [whole]}
    end = event_of({"jsonrpc": "2.0", "result": {"task": done}})
    return b"".join(frames) + end


# MCP: one result, in which everything is whole.


def _mcp(pieces: Pieces, chance: Random) -> bytes:
    del chance
    text = "".join(pieces["content"])
    part = {"type": "text", "text": text}
    result = {"content": [part], "structuredContent": {"id": text}}
    return b"id: 1\ndata: \n\n" + event_of({"jsonrpc": "2.0", "id": 1, "result": result}, "message")


AGENTS: tuple[Answer, ...] = (
    Answer("ag_ui", SSE, _THREE, _ag_ui),
    Answer("langserve", SSE, ("content", "tool"), _langserve),
    Answer("langgraph messages", SSE, ("content", "tool"), _langgraph),
    Answer("langgraph partial", SSE, ("content",), _partial),
    Answer("a2a", SSE, ("content",), _a2a),
    Answer("mcp", SSE, ("content",), _mcp, whole=True),
)
"""One answer in each of them, and two where there are two ways."""
