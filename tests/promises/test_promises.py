"""P1 to P5 as properties, on every dialect: PII on, several voices, any pieces, any chunks."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.answers import ANSWERS, Answer, values_in
from support.json_values import parsed, same_shape
from support.secrets import SECRETS, clean_texts, cuts, pieces, texts

from streamward import Limits
from streamward.guardrails import PII
from streamward.middleware.pipeline import Pipeline
from streamward.wire import DIALECTS, MESSAGE, Frame, Reader, SoFar, Text, Whole

# Each property runs once for every dialect, so that each run may be shorter than usual.
every_dialect = pytest.mark.parametrize("answer", ANSWERS, ids=str)
# What repeats a text token by token goes with an edit.
_TOKENS = ("logprobs", "logprobsResult", "tokens", "top_tokens")
shorter = settings(max_examples=max(1, settings().max_examples // 10))


@cache
def pii(action: str = "redact") -> PII:
    return PII(action=action)


def redacted(text: str) -> str:
    """Return what the guard makes of the whole text at once."""
    for finding in reversed(pii().find(text)):
        text = f"{text[: finding.start]}<{finding.entity}>{text[finding.end :]}"
    return text


def piped(answer: Answer, chunks: list[bytes], guard: PII | None = None) -> list[bytes]:
    """Carry chunks as a door does; return what left after each of them, and in the end."""
    guards = [guard or pii()]
    pipeline = Pipeline(answer.framing, headers={}, path="/", guards=guards, limits=Limits())
    left = [b"".join(pipeline.feed(chunk)) for chunk in chunks]
    left.append(b"".join(pipeline.finish()))
    if pipeline.failure is not None:
        left.append(b"".join(pipeline.fail(pipeline.failure)))
    assert pipeline.dialect == answer.name.partition(" ")[0]
    return left


# One answer, drawn


def document(text: str, *, escaped: bool) -> str:
    """Return the arguments of a tool with a text in them, twice; escaped wherever it can be."""
    inner = {"to": text, "n": 1.50, "deep": [{"too": text}, None, True], "é": ""}
    written = json.dumps(inner, ensure_ascii=escaped, separators=(",", ":"))
    for char in "@- " if escaped else "":
        written = written.replace(char, f"\\u{ord(char):04x}")
    return written


@st.composite
def answers(
    draw: st.DrawFn,
    answer: Answer,
    source: st.SearchStrategy[str] = texts,
    *,
    by_word: bool = False,
) -> tuple[dict[str, str], bytes]:
    """Draw the text of every voice, and the stream that says them in pieces."""
    said = {voice: draw(source) for voice in answer.voices}
    escaped = draw(st.booleans())
    parts: dict[str, list[str]] = {}
    for voice, text in said.items():
        carried = document(text, escaped=escaped) if voice == "tool" else text
        at = draw(cuts(len(carried), 12))
        if by_word:
            at = [i for i in at if carried[i - 1 : i] == " "]
        parts[voice] = pieces(carried, at)
    return said, answer.write(parts, draw(st.randoms(use_true_random=False)))


def chunks_of(data: st.DataObject, stream: bytes, most: int = 30) -> list[bytes]:
    return pieces(stream, data.draw(cuts(len(stream), most)))


# What a client makes of it


def every_frame_of(answer: Answer, body: bytes) -> list[Frame]:
    framer = answer.framing.framer(1 << 24)
    return [*framer.feed(body), *framer.finish()]


def frames_of(answer: Answer, body: bytes) -> list[Frame]:
    return [frame for frame in every_frame_of(answer, body) if frame.data is not None]


def read(answer: Answer, body: bytes) -> tuple[dict[str, str], Reader]:
    """Return what each voice says in these bytes, and the reader that says so."""
    name = answer.name.partition(" ")[0]
    reader = next(row for row in DIALECTS if row.name == name).reader()
    voices: dict[str, str] = defaultdict(str)
    for frame in every_frame_of(answer, body):
        for step in reader.named(frame) if frame.data is None else reader.read(frame):
            if isinstance(step, Text):
                voices[step.channel.kind] += step.text
            elif isinstance(step, SoFar):
                voices[step.channel.kind] = step.text
            elif isinstance(step, Whole) and answer.whole and step.path[-1] == "text":
                voices["content"] += step.text
    return voices, reader


def payloads(answer: Answer, body: bytes) -> list[Any]:
    """Return the JSON payload of each frame; the frame itself is checked to be JSON by that."""
    frames = frames_of(answer, body) if answer.json else []
    return [json.loads(frame.data) for frame in frames if frame.data not in (b"[DONE]", b"")]


def spelled(values: Iterable[Any]) -> str:
    """Return what all tokens of log-probabilities spell, one after the other."""
    tokens = [value for value in values if isinstance(value, dict) and "token" in value]
    return b"".join(_bytes(token) for token in tokens).decode("utf-8", "replace")


def _bytes(token: dict[str, Any]) -> bytes:
    return bytes(token["bytes"]) if "bytes" in token else str(token["token"]).encode()


def untold(value: Any) -> Any:
    """Return a value without its tokens: one may be all that a voice says, and goes with an edit."""
    if isinstance(value, dict):
        return {name: untold(inner) for name, inner in value.items() if name not in _TOKENS}
    return [untold(inner) for inner in value] if isinstance(value, list) else value


def _ids(value: dict[str, Any]) -> tuple[str, ...]:
    """Return the name of what tells a token by its number (TGI)."""
    return ("id",) if value.keys() <= {"id", "text", "special"} else ()


def shape(value: Any) -> Any:
    """Return a value without its texts; what tells them in another form goes with an edit."""
    if isinstance(value, dict):
        left = value.keys() - {*_TOKENS, "context", "signature", *_ids(value)}
        return {name: shape(value[name]) for name in value if name in left}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return "" if isinstance(value, str) else value


def expected(answer: Answer, voice: str, text: str) -> Any:
    """Return what a voice must say; the arguments of a tool as a value."""
    if voice == "tool":
        return json.loads(document(redacted(text), escaped=True))
    if voice in answer.signed and (found := pii().find(text)):
        return text[: found[0].start]
    return redacted(answer.greeting + text)


# The promises


def test_every_dialect_is_in_the_table():
    """Messages are not cut: their dialect has properties of its own, in its own file."""
    cut = {row.name for row in DIALECTS if row.framing is not MESSAGE}

    assert {answer.name.partition(" ")[0] for answer in ANSWERS} == cut


@every_dialect
@shorter
@given(st.data())
def test_p1_a_stream_without_findings_is_identical(answer, data):
    _, stream = data.draw(answers(answer, clean_texts))

    assert b"".join(piped(answer, chunks_of(data, stream))) == stream


@every_dialect
@shorter
@given(st.data())
def test_p2_decided_text_equals_the_whole_text_guarded_at_once(answer, data):
    """Where every piece is a text of its own too, words stay whole: then it finds nothing else."""
    said, stream = data.draw(answers(answer, by_word=answer.leaves_alone))

    voices, _ = read(answer, b"".join(piped(answer, chunks_of(data, stream))))

    for voice, text in said.items():
        heard = json.loads(voices[voice]) if voice == "tool" else voices[voice]
        assert heard == expected(answer, voice, text)


@every_dialect
@shorter
@given(st.data())
def test_p2_the_bytes_do_not_depend_on_the_chunks(answer, data):
    _, stream = data.draw(answers(answer))

    assert b"".join(piped(answer, chunks_of(data, stream))) == b"".join(piped(answer, [stream]))


@every_dialect
@shorter
@given(st.data())
def test_p2_a_repeated_text_is_decided_as_it_was_the_first_time(answer, data):
    """`*.done`, `completed`, `tool-input-available`: as many copies as before, all of them edited."""
    said, stream = data.draw(answers(answer, by_word=answer.leaves_alone))

    body = b"".join(piped(answer, chunks_of(data, stream)))

    before = [value for one in payloads(answer, stream) for value in values_in(untold(one))]
    after = [value for one in payloads(answer, body) for value in values_in(untold(one))]
    for voice, text in said.items():
        if voice in answer.signed:
            continue  # cut, not edited; and never repeated
        old = json.loads(document(text, escaped=True)) if voice == "tool" else text
        assert after.count(expected(answer, voice, text)) >= before.count(old)


@every_dialect
@shorter
@given(st.data())
def test_p3_at_every_moment_what_left_begins_the_final_output(answer, data):
    """Nothing is taken back, and nothing was let out that the whole text would hide."""
    said, stream = data.draw(answers(answer, by_word=answer.leaves_alone))
    final = b"".join(piped(answer, [stream]))
    steps = piped(answer, chunks_of(data, stream, 12))

    for last in range(len(steps)):
        left = b"".join(steps[: last + 1])
        assert final.startswith(left)
        voices, _ = read(answer, left)
        for voice, text in said.items():
            if voice != "tool":
                assert expected(answer, voice, text).startswith(voices[voice])


@every_dialect
@shorter
@given(st.data(), st.sampled_from(sorted(SECRETS)))
def test_p4_a_found_secret_is_nowhere(answer, data, entity):
    """Not in any voice, copy, token, byte list or escape, wherever text and bytes are cut."""
    words, value = SECRETS[entity]
    planted = st.tuples(clean_texts, clean_texts).map(
        lambda two: f"{two[0]} {words}{value} {two[1]}"
    )
    _, stream = data.draw(answers(answer, planted))

    body = b"".join(piped(answer, chunks_of(data, stream)))
    voices, _ = read(answer, body)

    assert value.encode() not in body
    assert not [voice for voice, text in voices.items() if value in text]
    values = [inner for one in payloads(answer, body) for inner in values_in(one)]
    values += values_in(voices.get("tool", ""))
    assert not [text for text in values if isinstance(text, str) and value in text]
    assert value not in spelled(values)


@every_dialect
@shorter
@given(st.data())
def test_p5_what_parsed_before_parses_after(answer, data):
    """As many frames of the same names, types and members, and an end as good as it was."""
    _, stream = data.draw(answers(answer))

    body = b"".join(piped(answer, chunks_of(data, stream)))

    assert shape(payloads(answer, body)) == shape(payloads(answer, stream))
    if answer.json:  # an edit may leave nothing of a piece of raw text
        before, after = frames_of(answer, stream), frames_of(answer, body)
        assert [frame.event for frame in after] == [frame.event for frame in before]
    (voices, reader), (_, original) = read(answer, body), read(answer, stream)
    assert original.complete
    assert reader.complete
    assert "tool" not in voices or json.loads(voices["tool"])


@every_dialect
@shorter
@given(st.data())
def test_p5_an_answer_in_json_stays_json(answer, data):
    """With the same names and types, and the same for all chunks, whatever was found in it."""
    values = texts | st.sampled_from([4111111111111111, 2125550142.0, 7, None, True])
    inner = st.lists(values, max_size=3) | st.dictionaries(st.sampled_from("ab"), values)
    documents = st.dictionaries(st.sampled_from(["card", "to"]), inner | values, min_size=1)
    source = st.tuples(documents, st.booleans()).map(lambda d: json.dumps(d[0], ensure_ascii=d[1]))
    said, stream = data.draw(answers(answer, source))

    body = b"".join(piped(answer, chunks_of(data, stream)))
    voices, _ = read(answer, body)

    for voice in said.keys() - {"tool", *answer.signed} if not answer.greeting else ():
        assert same_shape(parsed(said[voice]), parsed(voices[voice]), re.compile("(?!)"))
        assert "4111111111111111" not in voices[voice]


@every_dialect
@shorter
@given(st.data(), st.sampled_from(sorted(SECRETS)))
def test_p5_a_blocked_answer_ends_as_its_dialect_says(answer, data, entity):
    """It is read to its end, does not pass for a good one, and says nothing of what blocked it."""
    words, value = SECRETS[entity]
    planted = clean_texts.map(lambda text: f"{text} {words}{value}")
    _, stream = data.draw(answers(answer, planted))

    body = b"".join(piped(answer, chunks_of(data, stream), pii("block")))

    payloads(answer, body)
    _, reader = read(answer, body)
    assert answer.name == "plain_text" or not reader.complete  # plain text has no way to say it
    assert value.encode() not in body
