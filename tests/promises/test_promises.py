"""P1 to P6 as properties: PII on, every default entity, any deltas, any cuts, several channels."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.secrets import SECRETS, clean_texts, cuts, pieces, texts
from support.streams import DONE, chat_frame

from streamward.errors import FrameTooLargeError, HoldLimitError
from streamward.guardrails import PII
from streamward.middleware.pipeline import Pipeline
from streamward.middleware.policy import Limits
from streamward.wire import NDJSON, PLAIN, SSE, Framing


@cache
def pii() -> PII:
    return PII()


def redacted(text: str) -> str:
    """Return what the guard makes of the whole text at once."""
    for finding in reversed(pii().find(text)):
        text = f"{text[: finding.start]}<{finding.entity}>{text[finding.end :]}"
    return text


def run(framing: Framing, chunks: list[bytes], limits: Limits | None = None) -> list[bytes]:
    """Carry chunks through a pipeline; return what left after each of them."""
    pipeline = Pipeline(framing, headers={}, path="/", guards=[pii()], limits=limits or Limits())
    left = [b"".join(pipeline.feed(chunk)) for chunk in chunks]
    left.append(b"".join(pipeline.finish()))
    if pipeline.failure is not None:
        raise pipeline.failure
    return left


# Streams of several channels


def said(channel: int, text: str) -> bytes:
    """Return the frame in which a channel of a chat answer speaks."""
    if channel == 0:
        return chat_frame({"content": text})
    if channel == 1:
        return chat_frame({"content": text}, index=1)
    call = {"index": 0, "function": {"arguments": text}}
    return chat_frame({"tool_calls": [call]}, index=2)


@st.composite
def answers(draw: st.DrawFn, source: Any = texts) -> tuple[list[str], bytes]:
    """Draw three channels (two of text, one of JSON) and one stream that interleaves them."""
    wholes = [draw(source), draw(source), draw(source)]
    escaped = draw(st.booleans())
    document = json.dumps({"to": wholes[2], "n": 1, "inner": [wholes[0]]}, ensure_ascii=escaped)
    carried = [wholes[0], wholes[1], document]
    parts = [pieces(text, draw(cuts(len(text)))) for text in carried]
    order = [channel for channel, some in enumerate(parts) for _ in some]
    frames = [said(c, parts[c].pop(0)) for c in draw(st.permutations(order))]
    ends = [chat_frame({}, "stop", index) for index in range(3)]
    return wholes, b"".join([*frames, *ends, DONE])


def heard(body: bytes) -> list[str]:
    """Return what a client puts together from the bytes of such an answer."""
    channels = ["", "", ""]
    for block in body.split(b"\n\n"):
        if not block.startswith(b"data: {"):
            continue
        for choice in json.loads(block[6:])["choices"]:
            delta = choice["delta"]
            channels[choice["index"]] += delta.get("content") or ""
            for call in delta.get("tool_calls", ()):
                channels[2] += call["function"]["arguments"]
    return channels


@given(st.data())
def test_p2_decided_text_equals_the_whole_text_guarded_at_once(data):
    wholes, stream = data.draw(answers())
    chunks = pieces(stream, data.draw(cuts(len(stream), 60)))

    content, second, arguments = heard(b"".join(run(SSE, chunks)))

    assert content == redacted(wholes[0])
    assert second == redacted(wholes[1])
    expected = {"to": redacted(wholes[2]), "n": 1, "inner": [redacted(wholes[0])]}
    assert json.loads(arguments) == expected  # P5: JSON that parsed before parses after


@given(st.data())
def test_p2_the_bytes_do_not_depend_on_the_cuts(data):
    _, stream = data.draw(answers())
    chunks = pieces(stream, data.draw(cuts(len(stream), 60)))

    assert b"".join(run(SSE, chunks)) == b"".join(run(SSE, [stream]))


@given(st.data())
def test_p1_a_stream_without_findings_is_identical(data):
    _, stream = data.draw(answers(clean_texts))
    chunks = pieces(stream, data.draw(cuts(len(stream), 60)))

    assert b"".join(run(SSE, chunks)) == stream


@given(st.data())
def test_p3_at_every_moment_what_left_begins_the_final_text(data):
    """Nothing is taken back, and nothing was let out that the whole text would hide."""
    wholes, stream = data.draw(answers())
    final = heard(b"".join(run(SSE, [stream])))

    left = b""
    for step in run(SSE, pieces(stream, data.draw(cuts(len(stream))))):
        left += step
        so_far = heard(left)
        assert all(whole.startswith(some) for whole, some in zip(final, so_far, strict=True))
        assert redacted(wholes[0]).startswith(so_far[0])


@given(st.data(), st.sampled_from(sorted(SECRETS)))
def test_p4_a_found_secret_is_nowhere(data, entity):
    words, value = SECRETS[entity]
    before, after = data.draw(clean_texts), data.draw(clean_texts)
    text = f"{before} {words}{value} {after}"
    at = data.draw(cuts(len(text)))
    logprobs = {"content": [{"token": "x", "bytes": list(value.encode()), "top_logprobs": []}]}
    frames = []
    for piece in pieces(text, at):
        frame = json.loads(chat_frame({"content": piece})[6:])
        tokens = [{"token": piece, "bytes": list(piece.encode()), "top_logprobs": []}]
        frame["choices"][0]["logprobs"] = logprobs if not piece else {"content": tokens}
        frames.append(b"data: " + json.dumps(frame).encode() + b"\n\n")
    stream = b"".join([*frames, chat_frame({}, "stop"), DONE])

    body = b"".join(run(SSE, pieces(stream, data.draw(cuts(len(stream))))))

    assert value not in heard(body)[0]
    assert value.encode() not in body
    assert value not in json.dumps(body.decode()).replace("\\\\", "\\")
    spelled = b"".join(
        bytes(token["bytes"])
        for block in body.split(b"\n\n")
        if block.startswith(b"data: {")
        for choice in json.loads(block[6:])["choices"]
        for token in (choice.get("logprobs") or {}).get("content") or ()
    )
    assert value.encode() not in spelled


@given(st.data())
def test_plain_text_is_decided_like_the_whole(data):
    text = data.draw(texts)
    raw = text.encode()
    chunks = pieces(raw, data.draw(cuts(len(raw), 60)))

    assert b"".join(run(PLAIN, chunks)).decode() == redacted(text)


@given(st.data())
def test_ndjson_of_an_unknown_shape_is_decided_like_the_whole(data):
    text = data.draw(texts)
    lines = [json.dumps({"text": p}).encode() for p in pieces(text, data.draw(cuts(len(text))))]
    stream = b"\n".join(lines)

    body = b"".join(run(NDJSON, pieces(stream, data.draw(cuts(len(stream), 60)))))
    values = [
        value
        for name, (_, value) in SECRETS.items()
        if value in text and value not in redacted(text)
    ]
    heard_text = "".join(json.loads(line)["text"] for line in body.split(b"\n"))

    assert not any(value in heard_text for value in values)


def test_p6_a_frame_over_the_limit_is_a_typed_error():
    with pytest.raises(FrameTooLargeError) as caught:
        run(SSE, [b"data: " + b"x" * 100] * 20, Limits(frame=1000))

    assert caught.value.limit == 1000


def test_p6_more_held_than_the_limit_is_a_typed_error():
    """A channel that never decides: text is held, and comments pile up behind it."""
    chunks = [chat_frame({"content": "jane"}), *([b": comment\n\n"] * 200)]

    with pytest.raises(HoldLimitError):
        run(SSE, chunks, Limits(held=1000))


def test_p6_an_endless_candidate_fails_closed():
    """More than can be held of something that never ends: taken for personal data as a whole."""
    chunks = [chat_frame({"content": "4111-"}) for _ in range(3000)]

    body = b"".join(run(SSE, [*chunks, chat_frame({}, "stop"), DONE]))

    assert "4111" not in heard(body)[0]
