"""Channels whose pieces come in turn, each with findings of its own, in npm clients over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from support.clients import SECRETS, TEXT, WORDS
from support.javascript import arguments, made_of, pieces_of, sse
from support.streams import DONE, ScriptedApp, chat_frame

from streamward import Streamward
from streamward.guardrails import PII

OTHER = f"Ask {SECRETS[2]} or {SECRETS[0]}, and nobody else."
OTHER_WORDS = "Ask <IBAN_CODE> or <EMAIL_ADDRESS>, and nobody else."
TOOLS = [{"to": WORDS, "n": 7}, {"to": OTHER_WORDS, "n": 7}]


def in_turn(write: Callable[[int, str], bytes], *said: Sequence[str]) -> list[bytes]:
    """Write a piece of each, then the next piece of each."""
    turns = zip_longest(*said)
    return [write(at, one) for turn in turns for at, one in enumerate(turn) if one is not None]


def choices() -> list[bytes]:
    """Two choices, whose pieces alternate, and in each two calls of a tool, in turn as well."""
    text, other = pieces_of(TEXT), pieces_of(OTHER)

    def call(choice: int, at: int, function: dict[str, str], **more: str) -> bytes:
        one = {"index": at, **more, "function": function}
        return chat_frame({"tool_calls": [one]}, index=choice)

    def begun(choice: int, at: int) -> bytes:
        return call(choice, at, {"name": "f", "arguments": ""}, id=f"{choice}{at}", type="function")

    def calls(choice: int) -> list[bytes]:
        said = arguments(text), arguments(other)
        return in_turn(lambda at, one: call(choice, at, {"arguments": one}), *said)

    return [
        *(chat_frame({"role": "assistant", "content": ""}, index=one) for one in (0, 1)),
        *in_turn(lambda one, said: chat_frame({"content": said}, index=one), text, other),
        *(begun(choice, at) for choice in (0, 1) for at in (0, 1)),
        *chain.from_iterable(zip(calls(0), calls(1), strict=True)),
        *(chat_frame({}, "tool_calls", index=one) for one in (0, 1)),
        DONE,
    ]


def blocks() -> list[bytes]:
    """Two texts and two calls of a tool, all open at once."""
    text, other = pieces_of(TEXT), pieces_of(OTHER)
    usage = {"input_tokens": 3, "output_tokens": 1}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "usage": usage}
    kinds = ("text_delta", "text"), ("input_json_delta", "partial_json")

    def event(kind: str, **fields: Any) -> bytes:
        return sse({"type": kind, **fields}, kind)

    def said(at: int, piece: str) -> bytes:
        kind, name = kinds[at // 2]
        return event("content_block_delta", index=at, delta={"type": kind, name: piece})

    def begun(at: int) -> bytes:
        tool = {"type": "tool_use", "id": f"toolu_{at}", "name": "f", "input": {}}
        block = tool if at >= len(kinds) else {"type": "text", "text": ""}
        return event("content_block_start", index=at, content_block=block)

    return [
        event("message_start", message=message),
        *map(begun, range(4)),
        *in_turn(said, text, other, arguments(text), arguments(other)),
        *(event("content_block_stop", index=at) for at in range(4)),
        event("message_delta", delta={"stop_reason": "tool_use"}, usage=usage),
        event("message_stop"),
    ]


def told(client: str, who: str, script: list[bytes], folder: Path) -> Any:
    names = [f"{one}/interleaved" for one in (who, f"{who}Helper")]
    asked = {name: Streamward(ScriptedApp(script), guards=[PII()]) for name in names}
    heard = made_of(client, asked, folder)
    assert [one["error"] for one in heard.values()] == [None, None]
    assert not [secret for secret in SECRETS if secret in str(heard)]
    return [one[who] for one in heard.values()]


def test_choices_and_their_calls_stay_apart(tmp_path: Path) -> None:
    for heard in told("openai", "choices", choices(), tmp_path):
        assert [one["text"] for one in heard] == [WORDS, OTHER_WORDS]
        assert [[json.loads(tool) for tool in one["tools"]] for one in heard] == [TOOLS, TOOLS]


def test_content_blocks_stay_apart(tmp_path: Path) -> None:
    for heard in told("anthropic", "blocks", blocks(), tmp_path):
        assert heard[:2] == [WORDS, OTHER_WORDS]
        assert [json.loads(tool) for tool in heard[2:]] == TOOLS
