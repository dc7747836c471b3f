"""The frame in which an answer is blocked: nothing from the finding on leaves with it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from support.guard import WordGuard
from support.streams import chat_frame

from streamward.guardrails import Block, Finding, Guard
from streamward.middleware.pipeline import Pipeline
from streamward.middleware.policy import Limits
from streamward.wire import SSE
from streamward.wire.errors import ContentBlockedError


class LateScanner:
    """Decides everything at the end."""

    def __init__(self) -> None:
        self.decided = 0
        self._text = ""

    def feed(self, text: str) -> Sequence[Finding]:
        self._text += text
        return ()

    def finish(self) -> Sequence[Finding]:
        self.decided = len(self._text)
        found = re.finditer(r"BEGIN.*END", self._text)
        return [Finding(match.start(), match.end(), "PLAN") for match in found]


@dataclass(frozen=True)
class LateGuard(WordGuard):
    def scanner(self) -> Any:
        return LateScanner()


def sse(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def through(guards: Sequence[Guard], frames: Sequence[bytes]) -> tuple[bytes, Pipeline]:
    pipeline = Pipeline(SSE, headers={}, path="", guards=guards, limits=Limits())
    left = [out for frame in frames for out in pipeline.feed(frame)]
    return b"".join((*left, *pipeline.finish())), pipeline


def test_an_edit_behind_the_beginning_of_what_is_blocked_takes_nothing_along():
    frames = [sse({"text": "ok BEGIN plan S3CRET-12345 more"}), sse({"text": " END"})]

    out, pipeline = through([LateGuard(act=Block(), name="late"), WordGuard()], frames)

    assert isinstance(pipeline.failure, ContentBlockedError)
    assert out == b'data: {"text": "ok "}\n\n'


def test_what_follows_a_block_in_its_frame_does_not_leave():
    parts = [{"type": "text", "text": text} for text in ("hi S3CRET-12345 ", "and the rest ")]

    out, pipeline = through([WordGuard(act=Block())], [chat_frame({"content": parts})])

    assert isinstance(pipeline.failure, ContentBlockedError)
    assert b"hi " in out
    assert b"rest" not in out


def test_a_number_that_is_blocked_is_no_frame_that_cannot_be_read():
    @dataclass(frozen=True)
    class NumberGuard(WordGuard):
        def scanner(self) -> Any:
            return NumberScanner()

    class NumberScanner(LateScanner):
        def finish(self) -> Sequence[Finding]:
            self.decided = len(self._text)
            digits = self._text.isdigit()
            return [Finding(0, self.decided, "CARD")] if digits else []

    call = {"type": "tool-input-available", "toolCallId": "c", "toolName": "pay"}
    frames = [sse({"type": "start"}), sse({**call, "input": {"card": 4111111111111111}})]

    out, pipeline = through([NumberGuard(act=Block())], frames)

    assert isinstance(pipeline.failure, ContentBlockedError)
    assert out == frames[0]
