"""Streams of agents: AG-UI, LangServe, LangGraph, MCP and A2A."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from vector import ARGUMENTS, PIECES, SAID, Vector, line, sse

ODD = ("x \ud83d", "\ude00S3CRET-", "421\ud83d", " y")
PLAIN = ("Hello", " wörld\u2028", " 😀")
GROWING = ["".join(PIECES[: n + 1]) for n in range(len(PIECES))]

# --- AG-UI -------------------------------------------------------------------------------------


def messages(pieces: Iterable[str], sort: str = "TEXT_MESSAGE", name: str = "m1") -> list[Any]:
    at = {"messageId": name}
    return [
        {"type": f"{sort}_START", **at, "role": "assistant"},
        *({"type": f"{sort}_CONTENT", **at, "delta": piece} for piece in pieces),
        {"type": f"{sort}_END", **at},
    ]


def call(pieces: Iterable[str], name: str = "c1") -> list[Any]:
    at = {"toolCallId": name}
    return [
        {"type": "TOOL_CALL_START", **at, "toolCallName": "f"},
        *({"type": "TOOL_CALL_ARGS", **at, "delta": piece} for piece in pieces),
        {"type": "TOOL_CALL_END", **at},
    ]


def chunks(sort: str, pieces: Iterable[str], **first: str) -> list[Any]:
    head, *rest = ({"type": f"{sort}_CHUNK", "delta": piece} for piece in pieces)
    return [{**head, **first}, *rest]


def change(value: Any, path: str = "/draft") -> dict[str, Any]:
    return {"type": "STATE_DELTA", "delta": [{"op": "replace", "path": path, "value": value}]}


def run(*events: Any, done: bool = True) -> bytes:
    at = {"threadId": "t", "runId": "r"}
    end = [{"type": "RUN_FINISHED", **at}] if done else []
    return sse({"type": "RUN_STARTED", **at}, *events, *end)


AG_UI = tuple(
    Vector(f"ag-ui {name}", "ag_ui", body, **more)
    for name, body, more in (
        ("short", run(*messages(PLAIN)), {}),
        ("text *", run(*messages(PIECES)), {}),
        (
            "reasoning, text and tools *",
            run(
                *messages(PIECES, "REASONING_MESSAGE", "m0"),
                {"type": "REASONING_ENCRYPTED_VALUE", "encryptedValue": "QUJD"},
                *messages(PIECES),
                *call(ARGUMENTS),
                *call(('{"a":"S3C', 'RET-421"}'), "c2"),
                {"type": "TOOL_CALL_RESULT", "toolCallId": "c1", "content": '{"id":"S3CRET-421"}'},
            ),
            {},
        ),
        (
            "interleaved messages *",
            run(
                *(
                    event
                    for pair in zip(messages(PIECES), messages(PIECES, name="m2"), strict=True)
                    for event in pair
                )
            ),
            {},
        ),
        (
            "chunks *",
            run(
                *chunks("TEXT_MESSAGE", PIECES, messageId="m1"),
                *chunks("TOOL_CALL", ARGUMENTS, toolCallId="c1", toolCallName="f"),
                *chunks("REASONING_MESSAGE", PIECES, messageId="m2"),
                *chunks("TEXT_MESSAGE", PIECES, messageId="m3"),
            ),
            {},
        ),
        (
            "older thinking *",
            run(
                *({"type": "THINKING_TEXT_MESSAGE_CONTENT", "delta": piece} for piece in PIECES),
                {"type": "THINKING_TEXT_MESSAGE_END"},
            ),
            {},
        ),
        (
            "growing state *",
            run(
                *(change(text) for text in GROWING),
                change([{"id": "S3CRET-421"}], "/list"),
                *messages(PLAIN),
                *({"type": "STATE_SNAPSHOT", "snapshot": {"a": [text]}} for text in GROWING),
            ),
            {},
        ),
        (
            "snapshots and the rest *",
            run(
                *messages(PIECES),
                {
                    "type": "MESSAGES_SNAPSHOT",
                    "messages": [{"id": "m1", "role": "assistant", "content": SAID}],
                },
                {"type": "ACTIVITY_SNAPSHOT", "messageId": "a", "content": {"id": "S3CRET-421"}},
                {"type": "RAW", "event": {"id": "S3CRET-421"}},
                {"type": "CUSTOM", "name": "x", "value": "S3CRET-421"},
            ),
            {},
        ),
        ("split surrogates *", run(*messages(ODD)), {}),
        ("cut *", run(*messages(PIECES)[:4], done=False), {"complete": False}),
        (
            "error *",
            run(
                *messages(PIECES)[:3],
                {"type": "RUN_ERROR", "message": "no S3CRET-421", "code": "x"},
                done=False,
            ),
            {"complete": False, "failed": True},
        ),
        (
            "crlf and comments *",
            b": S3CRET-421\r\n\r\n" + run(*messages(PIECES)).replace(b"\n", b"\r\n"),
            {},
        ),
    )
)

# --- LangServe and LangGraph -------------------------------------------------------------------


def named(*events: tuple[str, Any]) -> bytes:
    """Write events as sse-starlette does."""
    return b"".join(
        f"event: {name}\r\n".encode()
        + (b"" if value is None else f"data: {line(value)}\r\n".encode())
        + b"\r\n"
        for name, value in events
    )


META = ("metadata", {"run_id": "r1"})
END = ("end", None)


def chunk(content: Any, **more: Any) -> dict[str, Any]:
    return {"content": content, "type": "AIMessageChunk", "id": "run-1", **more}


def op(path: str, value: Any, kind: str = "add") -> tuple[str, Any]:
    return "data", {"ops": [{"op": kind, "path": path, "value": value}]}


def event_of(kind: str, run_id: str = "r1", **data: Any) -> tuple[str, Any]:
    return "data", {"event": kind, "name": "x", "run_id": run_id, "data": data, "parent_ids": []}


LANGSERVE = tuple(
    Vector(f"langserve {name}", "langserve", body, **more)
    for name, body, more in (
        ("short", named(META, *(("data", text) for text in PLAIN), END), {}),
        ("strings *", named(META, *(("data", text) for text in PIECES), END), {}),
        (
            "message chunks *",
            b": ping - 2026\r\n\r\n"
            + named(
                META,
                *(("data", chunk("", additional_kwargs={"reasoning_content": t})) for t in PIECES),
                *(("data", chunk(t)) for t in PIECES),
                *(("data", chunk([{"type": "text", "text": t, "index": 0}])) for t in PIECES),
                *(
                    ("data", chunk("", tool_call_chunks=[{"args": t, "index": 0, "name": None}]))
                    for t in ARGUMENTS
                ),
                END,
            ),
            {},
        ),
        (
            "log *",
            named(
                op("", {"id": "1", "streamed_output": [], "final_output": None}, "replace"),
                *(
                    pair
                    for piece, whole in zip(PIECES, GROWING, strict=True)
                    for pair in (
                        op("/logs/Model/streamed_output_str/-", piece),
                        op("/streamed_output/-", chunk(piece)),
                        op("/final_output", chunk(whole), "replace"),
                    )
                ),
                op("/logs/Model/final_output", {"generations": [[{"text": SAID}]]}),
                END,
            ),
            {},
        ),
        (
            "events *",
            named(
                event_of("on_chain_start", "r0", input="S3CRET-421"),
                *(
                    pair
                    for piece in PIECES
                    for pair in (
                        event_of("on_chat_model_stream", "r1", chunk=chunk(piece)),
                        event_of("on_chain_stream", "r0", chunk=piece),
                    )
                ),
                event_of("on_chat_model_end", "r1", output=chunk(SAID)),
                event_of("on_chain_end", "r0", output={"id": "S3CRET-421"}),
                END,
            ),
            {},
        ),
        ("split surrogates *", named(META, *(("data", text) for text in ODD), END), {}),
        ("cut *", named(META, *(("data", text) for text in PIECES)), {"complete": False}),
        (
            "error *",
            named(
                META,
                ("data", PIECES[0]),
                ("error", {"status_code": 500, "message": "no S3CRET-421"}),
            ),
            {"complete": False, "failed": True},
        ),
    )
)


def written(text: Any, name: str = "m1", **more: Any) -> tuple[str, Any]:
    return "messages", [{**chunk(text), "id": name, **more}, {"langgraph_node": "a"}]


def so_far(text: str, name: str = "m1", event: str = "messages/partial", **more: Any) -> Any:
    return event, [{"content": text, "type": "ai", "id": name, **more}]


GRAPH_META = ("metadata", {"run_id": "r1", "attempt": 1})
VALUES = ("values", {"messages": [{"content": SAID, "type": "ai", "id": "m1"}]})
LANGGRAPH = tuple(
    Vector(f"langgraph {name}", "langgraph", body, **more)
    for name, body, more in (
        (
            "short",
            b"id: 1\r\n"
            + named(GRAPH_META, *map(written, PLAIN), written("", chunk_position="last"), END),
            {},
        ),
        ("messages *", named(GRAPH_META, *map(written, PIECES), VALUES, END), {}),
        (
            "two messages and a tool *",
            named(
                GRAPH_META,
                *(written(text, name) for text in PIECES for name in ("m1", "m2")),
                written("", "m1", chunk_position="last"),
                written("", "m2", response_metadata={"finish_reason": "stop"}),
                *(written([], "m3", tool_call_chunks=[{"args": t, "index": 0}]) for t in ARGUMENTS),
                *(written([{"type": "text", "text": text, "index": 0}], "m4") for text in PIECES),
                ("updates", {"node": {"messages": [{"content": SAID, "id": "m1"}]}}),
                VALUES,
                END,
            ),
            {},
        ),
        (
            "sub-graphs *",
            named(
                GRAPH_META,
                *(("messages|node:1", written(text)[1]) for text in PIECES),
                ("messages/partial|node:1", so_far(GROWING[1])[1]),
                VALUES,
                END,
            ),
            {},
        ),
        (
            "partial *",
            named(
                GRAPH_META,
                ("messages/metadata", {"m1": {"metadata": {"x": "y"}}}),
                *map(so_far, GROWING),
                so_far(SAID, event="messages/complete"),
                VALUES,
                END,
            ),
            {},
        ),
        (
            "partial tool calls *",
            named(
                GRAPH_META,
                *(
                    so_far(
                        "",
                        tool_calls=[{"name": "f", "args": {"to": text, "cc": [text]}, "id": "c"}],
                        additional_kwargs={
                            "tool_calls": [
                                {"index": 0, "function": {"arguments": '{"to":"' + text}}
                            ]
                        },
                    )
                    for text in GROWING
                ),
                VALUES,
                END,
            ),
            {},
        ),
        (
            "partial of two *",
            named(
                GRAPH_META,
                *(so_far(text, name) for text in GROWING for name in ("m1", "m2")),
                VALUES,
                END,
            ),
            {},
        ),
        ("split surrogates *", named(GRAPH_META, *map(written, ODD), VALUES, END), {}),
        ("cut *", named(GRAPH_META, *map(written, PIECES)), {"complete": False}),
        (
            "error *",
            named(GRAPH_META, *map(written, PIECES[:2]), ("error", {"message": "no S3CRET-421"})),
            {"complete": False, "failed": True},
        ),
    )
)

# --- MCP and A2A -------------------------------------------------------------------------------


def rpc(name: str = "message", **message: Any) -> bytes:
    return named((name, {"jsonrpc": "2.0", **message}))


PRIMING = b"id: 1\r\ndata: \r\n\r\n"
RESULT = {
    "content": [
        {"type": "text", "text": SAID},
        {"type": "resource", "resource": {"uri": "x:y", "text": "S3CRET-421"}},
        {"type": "image", "data": "QUJD" * 40, "mimeType": "image/png"},
    ],
    "structuredContent": {"id": "S3CRET-421", "n": 1.50},
    "isError": False,
}
MCP = tuple(
    Vector(f"mcp {name}", "mcp", body, **more)
    for name, body, more in (
        ("short", PRIMING + rpc(id=1, result={"content": [{"type": "text", "text": "Hello"}]}), {}),
        (
            "progress, logs and a result *",
            PRIMING
            + rpc(
                method="notifications/progress",
                params={"progressToken": 1, "progress": 0.5, "message": "S3CRET-421"},
            )
            + rpc(
                method="notifications/message",
                params={"level": "info", "data": {"id": "S3CRET-421"}},
            )
            + rpc(
                id=7,
                method="sampling/createMessage",
                params={"messages": [{"role": "user", "content": {"type": "text", "text": SAID}}]},
            )
            + b"id: 2\r\n"
            + rpc(id=1, result=RESULT),
            {},
        ),
        (
            "request only",
            PRIMING + rpc(id=1, method="elicitation/create", params={}),
            {"complete": False},
        ),
        (
            "error *",
            rpc(id=1, error={"code": -32000, "message": "no S3CRET-421", "data": ["S3CRET-421"]}),
            {"complete": False, "failed": True},
        ),
    )
)


def artifact(text: str, *, append: bool, last: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "taskId": "t",
        "contextId": "c",
        "artifact": {"artifactId": "a", "parts": [{"text": text}], **more},
        "append": append,
        "lastChunk": last,
    }


def v1(**result: Any) -> bytes:
    return named(("message", {"jsonrpc": "2.0", "id": 1, "result": result}))


def state(name: str, text: str = "") -> dict[str, Any]:
    said = {"message": {"messageId": "m", "parts": [{"text": text}]}} if text else {}
    return {"taskId": "t", "contextId": "c", "status": {"state": name, **said}}


DONE = v1(statusUpdate=state("TASK_STATE_COMPLETED"))
SUBMITTED = {"id": "t", "contextId": "c", "status": {"state": "TASK_STATE_WORKING"}}
A2A = tuple(
    Vector(f"a2a {name}", "a2a", body, **more)
    for name, body, more in (
        (
            "short",
            v1(task=SUBMITTED)
            + b"".join(
                v1(artifactUpdate=artifact(text, append=n > 0, last=n == 2))
                for n, text in enumerate(PLAIN)
            )
            + DONE,
            {},
        ),
        (
            "appended *",
            v1(task=SUBMITTED)
            + b"".join(
                v1(artifactUpdate=artifact(text, append=n > 0)) for n, text in enumerate(PIECES)
            )
            + v1(task={**SUBMITTED, "artifacts": [{"artifactId": "a", "parts": [{"text": SAID}]}]})
            + DONE,
            {},
        ),
        (
            "said anew *",
            v1(task=SUBMITTED)
            + b"".join(v1(artifactUpdate=artifact(text, append=False)) for text in GROWING)
            + DONE,
            {},
        ),
        (
            "both *",
            v1(artifactUpdate=artifact(PIECES[0], append=False))
            + v1(artifactUpdate=artifact(PIECES[1], append=True))
            + v1(artifactUpdate=artifact("".join(PIECES[:3]), append=False))
            + v1(artifactUpdate=artifact(PIECES[3], append=True, last=True))
            + DONE,
            {},
        ),
        (
            "version 0.3 *",
            b"".join(
                v1(kind="artifact-update", **artifact(text, append=n > 0))
                for n, text in enumerate(PIECES)
            )
            + v1(kind="status-update", final=True, **state("completed", "S3CRET-421")),
            {},
        ),
        (
            "without an envelope *",
            named(
                ("message", {"task": SUBMITTED}),
                *(
                    ("message", {"artifactUpdate": artifact(text, append=n > 0)})
                    for n, text in enumerate(PIECES)
                ),
                ("message", {"statusUpdate": state("TASK_STATE_COMPLETED", "S3CRET-421")}),
            ),
            {},
        ),
        (
            "one message *",
            v1(
                message={"messageId": "m", "parts": [{"text": SAID}, {"data": {"x": "S3CRET-421"}}]}
            ),
            {},
        ),
        (
            "split surrogates *",
            b"".join(v1(artifactUpdate=artifact(t, append=True)) for t in ODD) + DONE,
            {},
        ),
        (
            "failed task *",
            v1(task=SUBMITTED) + v1(statusUpdate=state("TASK_STATE_FAILED", "S3CRET-421")),
            {"complete": False},
        ),
        (
            "cut *",
            b"".join(v1(artifactUpdate=artifact(text, append=True)) for text in PIECES),
            {"complete": False},
        ),
        (
            "error *",
            v1(artifactUpdate=artifact(PIECES[0], append=False))
            + named(
                (
                    "error",
                    {"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "S3CRET-421"}},
                )
            ),
            {"complete": False, "failed": True},
        ),
    )
)
assert json.loads("".join(ARGUMENTS))

AGENTS = (*AG_UI, *LANGSERVE, *LANGGRAPH, *MCP, *A2A)
