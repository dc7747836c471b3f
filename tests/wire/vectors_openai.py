"""Streams of OpenAI's Assistants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vector import ARGUMENTS, PIECES, SAID, Vector, line

ODD = ("x \ud83d", "\ude00S3CRET-", "421\ud83d", " y")


def thread(*events: tuple[str, Any]) -> bytes:
    return "".join(f"event: {name}\ndata: {line(value)}\n\n" for name, value in events).encode()


def spoken(pieces: Iterable[str], index: int = 0, name: str = "msg_1") -> list[tuple[str, Any]]:
    return [
        (
            "thread.message.delta",
            {
                "id": name,
                "object": "thread.message.delta",
                "delta": {"content": [{"index": index, "type": "text", "text": {"value": one}}]},
            },
        )
        for one in pieces
    ]


def whole(text: str, name: str = "msg_1") -> tuple[str, Any]:
    part = {"type": "text", "text": {"value": text, "annotations": []}}
    return "thread.message.completed", {"id": name, "object": "thread.message", "content": [part]}


def step(call: dict[str, Any]) -> tuple[str, Any]:
    details = {"type": "tool_calls", "tool_calls": [{"index": 0, "id": "c", **call}]}
    delta = {"id": "step_1", "object": "thread.run.step.delta", "delta": {"step_details": details}}
    return "thread.run.step.delta", delta


BEGIN = ("thread.run.created", {"id": "run_1", "object": "thread.run", "instructions": "x"})
END = ("thread.run.completed", {"id": "run_1", "object": "thread.run", "usage": None})
DONE = b"event: done\ndata: [DONE]\n\n"
ASSISTANTS = tuple(
    Vector(f"assistants {name}", "openai_assistants", body, **more)
    for name, body, more in (
        (
            "short",
            thread(BEGIN, *spoken(("Hello", " wörld\u2028 😀")), whole("Hello wörld\u2028 😀"), END)
            + DONE,
            {},
        ),
        ("text *", thread(BEGIN, *spoken(PIECES), whole(SAID), END) + DONE, {}),
        (
            "two parts and two messages *",
            thread(
                BEGIN,
                *(event for one in PIECES for index in (0, 1) for event in spoken((one,), index)),
                whole(SAID),
                *spoken(PIECES, 0, "msg_2"),
                whole(SAID, "msg_2"),
                END,
            )
            + DONE,
            {},
        ),
        (
            "tools *",
            thread(
                BEGIN,
                *(step({"type": "function", "function": {"arguments": one}}) for one in ARGUMENTS),
                (
                    "thread.run.step.completed",
                    {
                        "id": "step_1",
                        "object": "thread.run.step",
                        "step_details": {
                            "type": "tool_calls",
                            "tool_calls": [{"function": {"arguments": "".join(ARGUMENTS)}}],
                        },
                    },
                ),
                *(
                    step({"type": "code_interpreter", "code_interpreter": {"input": one}})
                    for one in PIECES
                ),
                ("thread.run.step.completed", {"id": "step_1", "object": "thread.run.step"}),
                END,
            )
            + DONE,
            {},
        ),
        ("split surrogates *", thread(BEGIN, *spoken(ODD), whole(""), END) + DONE, {}),
        ("cut *", thread(BEGIN, *spoken(PIECES)), {"complete": False}),
        ("no end *", thread(BEGIN, *spoken(PIECES), whole(SAID)), {"complete": False}),
        (
            "error *",
            thread(
                BEGIN, *spoken(PIECES[:2]), ("error", {"message": "no S3CRET-421", "code": "x"})
            ),
            {"complete": False, "failed": True},
        ),
        (
            "failed run *",
            thread(
                BEGIN,
                *spoken(PIECES[:2]),
                (
                    "thread.run.failed",
                    {
                        "id": "run_1",
                        "object": "thread.run",
                        "last_error": {"message": "S3CRET-421"},
                    },
                ),
            )
            + DONE,
            {"complete": False, "failed": True},
        ),
        (
            "crlf and comments *",
            (b": S3CRET-421\n\n" + thread(BEGIN, *spoken(PIECES), whole(SAID), END) + DONE).replace(
                b"\n", b"\r\n"
            ),
            {},
        ),
    )
)
