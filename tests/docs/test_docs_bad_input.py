"""The rows of ``docs/reference/bad-input.md`` that no other test holds."""

from __future__ import annotations

import gzip
import json

import pytest
from support.asgi import ask, scope_of
from support.guard import WordGuard
from support.streams import ScriptedApp, chat, chat_frame, chat_text

from streamward import Limits, Policy, Report, Streamward
from streamward.cache import MemoryCache
from streamward.errors import CorruptRecordingError, FrameTooLargeError, UnreadableFrameError

WORDS = ["Hello ", "S3CRET-1 ", "world"]
ALICE = {"authorization": "Bearer alice", "content-type": "application/json"}
NDJSON = "application/x-ndjson"


async def guarded(chunks, **how):
    return await ask(Streamward(ScriptedApp(chunks, **how), guards=[WordGuard()]))


async def bare(chunks, **how):
    return await ask(Streamward(ScriptedApp(chunks, **how)))


async def test_lines_that_are_no_field():
    frames = [b"no field S3CRET-1 here\ndata: hello\n\n", b": S3CRET-2 \n\n", b": fine\n\n"]

    answer = await guarded(frames)

    assert b"S3CRET" not in answer.body
    assert b"data: hello\n" in answer.body
    assert b": fine\n\n" in answer.body
    assert (await bare(frames)).body == b"".join(frames)


@pytest.mark.parametrize("cut", [b'data: {"text":"S3CRET-1 "}', b'data: {"text":"S3CRET-1 '])
async def test_a_stream_that_ends_inside_a_frame(cut):
    frames = [b'data: {"text":"Hi "}\n\n', cut]

    answer = await guarded(frames)

    assert b"S3CRET" not in answer.body
    if cut.endswith(b"}"):
        assert answer.body == b'data: {"text":"Hi "}\n\ndata: {"text":"<SECRET> "}'
    else:
        assert isinstance(answer.raised, UnreadableFrameError)
        assert b'"unreadable_frame"' in answer.body
    assert (await bare(frames)).body == b"".join(frames)


UNREADABLE = {
    "utf8": b'{"choices":[{"index":0,"delta":{"content":"\xff S3CRET-1 "}}]}',
    "deep": b'{"choices":' + b"[" * 100_000 + b'"S3CRET-1 "' + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
async def test_json_that_cannot_be_read(data):
    frames = [chat_frame({"content": "Hi "}), b"data: " + data + b"\n\n", *chat(["you"])]

    answer = await guarded(frames)

    assert isinstance(answer.raised, UnreadableFrameError)
    assert b'"unreadable_frame"' in answer.body
    assert b"S3CRET" not in answer.body


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
async def test_json_that_cannot_be_read_without_guards(data):
    frames = [chat_frame({"content": "Hi "}), b"data: " + data + b"\n\n", *chat(["you"])]
    app = ScriptedApp(frames)
    door = Streamward(app, cache=MemoryCache())

    answers = [await ask(door, scope_of(headers=ALICE), body=b"{}") for _ in range(2)]

    assert [answer.body for answer in answers] == [b"".join(frames)] * 2
    assert app.calls == 2


async def test_a_name_that_stands_twice_without_guards():
    frames = [b'data: {"text":"one","text":"two"}\n\n', b'data: {"text":"three"}\n\n']

    assert (await bare(frames)).body == b"".join(frames)


@pytest.mark.parametrize("kind", ["text/plain", "text/event-stream"])
async def test_invalid_utf8_in_text(kind):
    frames = [b"data: caf\xff S3CRET-1 \n\n"] if "event" in kind else [b"caf\xff S3CRET-1 "]

    answer = await guarded(frames, content_type=kind)

    assert "caf\N{REPLACEMENT CHARACTER} <SECRET> " in answer.body.decode()
    assert (await bare(frames, content_type=kind)).body == b"".join(frames)


async def test_half_a_surrogate_pair():
    frames = [chat_frame({"content": text}) for text in ("\ud83d", "\ude00 S3CRET-1 ", "\ud83d")]
    frames += chat([])[1:]

    answer = await guarded(frames)

    assert b"S3CRET" not in answer.body
    assert b"\\ud83d" in answer.body
    assert b"\\ude00 <SECRET> " in answer.body
    assert (await bare(frames)).body == b"".join(frames)


async def test_a_frame_over_the_limit_without_guards():
    app = ScriptedApp([chat_frame({"content": "Hi "}), b"data: " + b"x" * 2000, b"y" * 2000])

    answer = await ask(Streamward(app, policy=Policy(limits=Limits(frame=1000))))

    assert isinstance(answer.raised, FrameTooLargeError)
    assert b'"frame_too_large"' in answer.body


async def test_a_compressed_body_without_guards():
    packed = gzip.compress(b"".join(chat(WORDS)))

    answer = await bare([packed], headers=[(b"content-encoding", b"gzip")])

    assert answer.body == b"".join(chat(WORDS))
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("coding", [b"br", b"zstd"])
async def test_another_coding_without_guards(coding):
    answer = await bare([b"\x1b"], headers=[(b"content-encoding", coding)])

    assert answer.status == 502
    assert json.loads(answer.body)["error"]["code"] == "unsupported_encoding"


async def test_a_first_frame_that_is_no_json():
    frames = [b"data: Hello S3C\n\n", b"data: RET-1 world\n\n"]

    answer = await guarded(frames)

    assert b"S3C" not in answer.body
    assert b"<SECRET>" in answer.body
    assert (await bare(frames)).body == b"".join(frames)


@pytest.mark.parametrize("line", [b"ok S3CRET-1 \n", b'{"text": S3CRET-1 \n'])
async def test_a_line_that_is_no_json(line):
    lines = [b'{"text":"Hi "}\n', line]

    answer = await guarded(lines, content_type=NDJSON)

    assert b"S3CRET" not in answer.body
    if line.startswith(b"{"):
        assert isinstance(answer.raised, UnreadableFrameError)
    else:
        assert answer.body == b'{"text":"Hi "}\nok <SECRET>\n'
    assert (await bare(lines, content_type=NDJSON)).body == b"".join(lines)


class Corrupt(MemoryCache):
    """A store whose entries are no recordings."""

    async def get(self, key):
        raise CorruptRecordingError


async def test_a_recording_that_is_none():
    reports: list[Report] = []
    door = Streamward(ScriptedApp(chat(WORDS)), cache=Corrupt(), on_report=reports.append)

    answer = await ask(door, scope_of(headers=ALICE), body=b"{}")

    assert chat_text(answer.body) == "Hello S3CRET-1 world"
    assert answer.headers["cache-status"] == "streamward; fwd=uri-miss; detail=corrupt-recording"
    assert reports[0].cache == "stored"
