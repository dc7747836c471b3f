"""``guard_stream``: the pipeline around plain iterators."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import json
from collections.abc import AsyncIterator, Iterator
from functools import cache
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, RootModel
from support.answers import ANSWERS, Answer
from support.asgi import ask
from support.guard import SECRET, BrokenGuard, WordGuard
from support.secrets import cuts, pieces, texts
from support.streams import ScriptedApp, chat, chat_frame

from streamward import Limits, Report, Streamward, guard_stream
from streamward.errors import (
    ConfigurationError,
    ContentBlockedError,
    GuardFailedError,
    HoldLimitError,
    StreamwardError,
    UnreadableFrameError,
)
from streamward.guardrails import PII, Block, Blocking, Channels, Sentences
from streamward.wire import NDJSON, PLAIN, SSE

TOKENS = ["It ", "is S3C", "RET-1", "2345. ", "Bye", "."]
SAID = "It is <SECRET>. Bye."
CONTENT_TYPES = {SSE: "text/event-stream", NDJSON: "application/x-ndjson", PLAIN: "text/plain"}
both_ways = pytest.mark.parametrize("drain", ["sync", "async"])
shorter = settings(max_examples=max(1, settings().max_examples // 10))


class Source:
    """An iterator, of either sort, that notes how it is treated."""

    def __init__(self, items: Any, error: BaseException | None = None) -> None:
        self.items = iter(items)
        self.error = error
        self.taken = 0
        self.closed = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        for item in self.items:
            self.taken += 1
            return item
        if self.error is not None:
            raise self.error
        raise StopIteration

    def close(self) -> None:
        self.closed += 1


class AsyncSource:
    def __init__(self, source: Source) -> None:
        self.source = source

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        await asyncio.sleep(0)
        try:
            return next(self.source)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self.source.close()


class Drained(NamedTuple):
    items: list[Any]
    error: BaseException | None
    stream: Any

    @property
    def report(self) -> Report:
        assert self.stream.report is not None
        return self.stream.report


def drained(way: str, source: Source, **settings: Any) -> Drained:
    settings.setdefault("on_report", lambda _: None)
    if way == "async":
        return asyncio.run(_drained(source, settings))
    items: list[Any] = []
    stream = guard_stream(source, **settings)
    try:
        items.extend(stream)
    except BaseException as error:
        return Drained(items, error, stream)
    return Drained(items, None, stream)


async def _drained(source: Source, settings: dict[str, Any]) -> Drained:
    items: list[Any] = []
    stream = guard_stream(AsyncSource(source), **settings)
    try:
        async for item in stream:
            items.append(item)  # noqa: PERF401 - what came before an error counts
    except BaseException as error:
        return Drained(items, error, stream)
    return Drained(items, None, stream)


@cache
def pii() -> PII:
    return PII()


# The sorts of items


@both_ways
def test_text_stays_text(drain):
    got = drained(drain, Source(TOKENS), guards=[WordGuard()])

    assert all(type(item) is str for item in got.items)
    assert "".join(got.items) == SAID
    assert got.report.dialect == "plain_text"
    assert got.report.outcome == "complete"
    assert got.report.findings == {"words.SECRET.edit": 1}
    assert (got.report.route, got.report.cache, got.report.status) == ("guard_stream", "off", 0)


@both_ways
def test_text_that_is_sse_is_read_as_sse(drain):
    frames = [frame.decode() for frame in chat(TOKENS)]

    got = drained(drain, Source(frames), guards=[WordGuard()])

    assert got.report.dialect == "openai_chat"
    assert "".join(got.items).count("<SECRET>") == 1
    assert got.items[-1] == "data: [DONE]\n\n"


@both_ways
def test_bytes_leave_as_from_the_asgi_door(drain):
    frames = chat(TOKENS)
    door = asyncio.run(ask(Streamward(ScriptedApp(frames), guards=[WordGuard()])))

    got = drained(drain, Source(frames), guards=[WordGuard()])

    assert b"".join(got.items) == door.body
    assert SECRET.encode() not in door.body


@both_ways
def test_views_of_bytes_are_bytes(drain):
    views = [memoryview(b"It is S3C"), bytearray(b"RET-12345 "), b"so."]

    assert b"".join(drained(drain, Source(views), guards=[WordGuard()]).items) == (
        b"It is <SECRET> so."
    )


@both_ways
def test_a_dictionary_stays_one_and_the_source_keeps_its_own(drain):
    chunks = [{"text": token, "n": [1]} for token in TOKENS]
    before = copy.deepcopy(chunks)

    got = drained(drain, Source(chunks), guards=[WordGuard()])

    assert "".join(item["text"] for item in got.items) == SAID
    assert chunks == before
    assert len(got.items) == len(chunks)
    assert got.items[0] is chunks[0]
    assert got.items[-1] is chunks[-1]


# An object of theirs does not say what it is: the name of its event does, or its framing.
SAID_AROUND = {
    "ai_sdk_data",
    "bedrock_converse",
    "gemini_array",
    "langgraph messages",
    "langgraph partial",
    "langserve",
    "openai_assistants",
    "openai_completions",
}
SAYING_IT = [answer for answer in ANSWERS if answer.json and str(answer) not in SAID_AROUND]


@pytest.mark.parametrize("answer", SAYING_IT, ids=str)
@shorter
@given(data=st.data())
def test_objects_say_what_the_bytes_say(answer: Answer, data):
    said = {voice: data.draw(texts) for voice in answer.voices}
    if "tool" in said:
        said["tool"] = json.dumps({"to": said["tool"]})
    parts = {voice: pieces(text, data.draw(cuts(len(text), 8))) for voice, text in said.items()}
    stream = answer.write(parts, Random(data.draw(st.integers())))
    values = payloads(answer, stream)

    with_bytes = guard_stream(
        [stream], guards=[pii()], content_type=CONTENT_TYPES[answer.framing], on_report=ignore
    )
    with_objects = guard_stream(iter(values), guards=[pii()], on_report=ignore)

    assert payloads(answer, b"".join(with_bytes)) == list(with_objects)
    assert with_objects.report.dialect == with_bytes.report.dialect.replace("_ndjson", "_json")
    assert with_objects.report.findings == with_bytes.report.findings
    assert with_objects.report.outcome == with_bytes.report.outcome == "complete"


@shorter
@given(data=st.data())
def test_text_does_not_depend_on_its_cuts(data):
    text = "So: " + data.draw(texts)
    whole = guard_stream([text], guards=[pii()], on_report=ignore)
    cut = guard_stream(pieces(text, data.draw(cuts(len(text)))), guards=[pii()], on_report=ignore)

    assert "".join(cut) == "".join(whole)


def payloads(answer: Answer, stream: bytes) -> list[Any]:
    framer = answer.framing.framer(1 << 24)
    frames = [*framer.feed(stream), *framer.finish()]
    return [json.loads(f.data) for f in frames if f.data and f.data != b"[DONE]"]


def ignore(report: Report) -> None:
    del report


# Objects: how the copy is made


class Inner(BaseModel):
    text: str
    kept: tuple[int, ...] = (1,)


class Chunk(BaseModel):
    model_config = ConfigDict(extra="allow", populate_by_name=True)

    inner: Inner
    said_at: str = Field("now", alias="saidAt")
    texts: list[Any] = []


class Wrapped(RootModel[Chunk]):
    pass


@dataclasses.dataclass(frozen=True)
class Row:
    text: str
    more: Any = None


class Pair(NamedTuple):
    text: str
    number: int


def one(item: Any, **settings: Any) -> Any:
    [out] = guard_stream([item], guards=[WordGuard()], on_report=ignore, **settings)
    return out


def test_a_model_is_copied_where_it_is_edited_and_nowhere_else():
    chunk = Chunk(inner=Inner(text=SECRET), texts=[{"a": 1}, SECRET, None], other=SECRET)

    out = one(chunk)

    assert type(out) is Chunk
    assert type(out.inner) is Inner
    assert (out.inner.text, out.texts, out.model_extra) == (
        "<SECRET>",
        [{"a": 1}, "<SECRET>", None],
        {"other": "<SECRET>"},
    )
    assert chunk.inner.text == SECRET
    assert out.texts[0] is chunk.texts[0]


def test_a_member_with_an_alias_is_found_and_set():
    assert one(Chunk(inner=Inner(text="a"), saidAt=SECRET)).said_at == "<SECRET>"


def test_other_containers_keep_their_types():
    row = one(
        Row(
            SECRET, [Pair(SECRET, 1), (SECRET, b"\0\xff"), Wrapped(Chunk(inner=Inner(text=SECRET)))]
        )
    )

    assert type(row) is Row
    assert row.text == "<SECRET>"
    pair, plain, wrapped = row.more
    assert pair == Pair("<SECRET>", 1) and type(pair) is Pair
    assert plain == ("<SECRET>", b"\0\xff")
    assert type(wrapped) is Wrapped and wrapped.root.inner.text == "<SECRET>"


def test_names_in_a_dictionary_are_edited_in_their_places():
    item = {"delta": {"input": {SECRET: 1, "b": SECRET}}}

    assert list(one(item)["delta"]["input"].items()) == [("<SECRET>", 1), ("b", "<SECRET>")]


def test_half_a_surrogate_pair_in_an_object_is_guarded_and_kept():
    assert one({"text": "\ud83d " + SECRET, "row": Row("\ud83d")}) == {
        "text": "\ud83d <SECRET>",
        "row": Row("\ud83d"),
    }


def test_surrogate_pairs_cut_in_two_are_joined_in_text():
    tokens = ["a\ud83d", "\ude00b", "\ud83d c", "d\ud83d"]

    out = "".join(guard_stream(tokens, guards=[WordGuard()], on_report=ignore))

    assert out == "a😀b\ufffd cd"


def test_an_edit_of_what_a_model_computes_fails_closed():
    from pydantic import computed_field

    class Computing(BaseModel):
        text: str

        @computed_field
        @property
        def shouted(self) -> str:
            return f"{self.text} "

    with pytest.raises(UnreadableFrameError, match="computes"):
        one(Computing(text=SECRET))


@pytest.mark.parametrize(
    "item",
    [object(), {"a": object()}, {"a": float}, 5, None],
    ids=["an object", "an object inside", "a class", "a number", "nothing"],
)
def test_what_cannot_be_read_is_refused(item):
    with pytest.raises(UnreadableFrameError):
        one(item)


@both_ways
@pytest.mark.parametrize("first", ["text", b"bytes", {"an": "object"}], ids=repr)
@pytest.mark.parametrize("second", ["text", b"bytes", {"an": "object"}], ids=repr)
def test_items_of_several_sorts_are_refused(drain, first, second):
    got = drained(drain, Source([first, second]), guards=[WordGuard()])

    assert (type(got.error) is UnreadableFrameError) == (type(first) is not type(second))


def test_helpers_that_repeat_what_is_held_are_refused():
    class Event(BaseModel):
        text: str
        snapshot: str

    with pytest.raises(UnreadableFrameError, match="raw stream"):
        one(Event(text="a", snapshot="S3C"))


def test_a_snapshot_that_is_an_event_of_its_own_is_read():
    class Event(BaseModel):
        type: str
        snapshot: dict[str, str]

    out = one(Event(type="STATE_SNAPSHOT", snapshot={"draft": SECRET}))

    assert out.snapshot == {"draft": "<SECRET>"}


# How it ends


@both_ways
def test_what_the_source_raises_comes_after_the_safe_prefix(drain):
    boom = RuntimeError("the model is gone")
    source = Source(["It is S3CRET-12345 and", " more"], boom)

    got = drained(drain, source, guards=[WordGuard()])

    assert got.error is boom
    assert "".join(got.items) == "It is <SECRET> and more"
    assert (got.report.outcome, got.report.code) == ("failed", "upstream_error")
    assert source.closed


@both_ways
def test_a_finding_that_blocks_raises_after_what_stands_before_it(drain):
    source = Source(chat(["Well: ", "it is ", SECRET + " ", "and more"]))

    got = drained(drain, source, guards=[WordGuard(Block())])

    assert isinstance(got.error, ContentBlockedError)
    assert b"it is " in b"".join(got.items)
    assert b"S3CRET" not in b"".join(got.items)
    assert b"and more" not in b"".join(got.items)
    assert (got.report.outcome, got.report.code) == ("blocked", "content_blocked")
    assert b'"content_filter"' in got.stream.error_frames
    assert source.closed
    assert source.taken < 6


@both_ways
def test_a_block_in_objects_leaves_what_stands_before_it(drain):
    chunks = [{"text": "a "}, {"text": f"b {SECRET} c"}, {"text": "d"}]

    got = drained(drain, Source(chunks), guards=[WordGuard(Block())])

    assert got.items == [{"text": "a "}]
    assert isinstance(got.error, ContentBlockedError)
    assert got.stream.error_frames == b""


@both_ways
def test_a_guard_that_fails_lets_nothing_more_out(drain):
    got = drained(drain, Source(chat(TOKENS)), guards=[BrokenGuard()])

    assert isinstance(got.error, GuardFailedError)
    assert b"S3C" not in b"".join(got.items)
    assert b'"guard_failed"' in got.stream.error_frames
    assert got.report.code == "guard_failed"


@both_ways
def test_too_much_held_raises(drain):
    source = Source(["word" * 10] * 100)

    got = drained(drain, source, guards=[WordGuard()], limits=Limits(held=1000))

    assert isinstance(got.error, HoldLimitError)
    assert got.items == []
    assert source.taken < 100


@both_ways
def test_an_empty_source_is_an_empty_stream(drain):
    got = drained(drain, Source([]), guards=[WordGuard()])

    assert (got.items, got.error) == ([], None)
    assert (got.report.outcome, got.report.frames) == ("incomplete", 0)


@both_ways
def test_an_answer_cut_short_is_not_complete(drain):
    chunks = [json.loads(frame[6:]) for frame in chat(TOKENS)[:-2]]

    assert drained(drain, Source(chunks), guards=[WordGuard()]).report.outcome == "incomplete"


def test_chat_objects_end_without_the_end_marker():
    chunks = [json.loads(frame[6:]) for frame in chat(TOKENS)[:-1]]

    got = drained("sync", Source(chunks), guards=[WordGuard()])

    assert got.report.outcome == "complete"
    assert [item["choices"][0]["finish_reason"] for item in got.items][-1] == "stop"


# Who closes


def test_closing_the_outer_closes_the_inner():
    source = Source(TOKENS)
    reports: list[Report] = []
    stream = guard_stream(source, guards=[WordGuard()], on_report=reports.append)

    with stream:
        next(stream)

    assert source.closed
    assert source.taken < len(TOKENS)
    assert [report.outcome for report in reports] == ["client_left"]
    with pytest.raises(StopIteration):
        next(stream)


async def test_closing_the_outer_closes_the_inner_asynchronously():
    source = Source(TOKENS)
    reports: list[Report] = []

    async with guard_stream(
        AsyncSource(source), guards=[WordGuard()], on_report=reports.append
    ) as stream:
        await anext(stream)

    assert source.closed
    assert [report.outcome for report in reports] == ["client_left"]


def test_a_stream_that_nobody_began_closes_its_source():
    source = Source(TOKENS)

    guard_stream(source, guards=[WordGuard()], on_report=ignore).close()

    assert (source.closed, source.taken) == (1, 0)


def test_leaving_a_loop_closes_a_generator():
    closed: list[bool] = []

    def generator() -> Iterator[str]:
        try:
            yield from TOKENS
        finally:
            closed.append(True)

    for _ in guard_stream(generator(), guards=[WordGuard()], on_report=ignore):
        break

    assert closed == [True]


async def test_leaving_an_asynchronous_loop_closes_a_generator():
    closed = asyncio.Event()

    async def generator() -> AsyncIterator[str]:
        try:
            for token in TOKENS:
                yield token
        finally:
            closed.set()

    async for _ in guard_stream(generator(), guards=[WordGuard()], on_report=ignore):
        break

    async with asyncio.timeout(5):
        await closed.wait()


def test_the_stream_of_an_sdk_is_closed_with_its_iterator():
    class SdkStream:
        closed = False

        def __iter__(self) -> Iterator[str]:
            yield from TOKENS

        def close(self) -> None:
            self.closed = True

    source = SdkStream()
    list(guard_stream(source, guards=[WordGuard()], on_report=ignore))

    assert source.closed


async def test_a_cancelled_reader_cancels_the_source():
    seen: list[str] = []

    async def source() -> AsyncIterator[str]:
        try:
            yield "a "
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        finally:
            seen.append("closed")

    stream = guard_stream(source(), guards=[WordGuard()], on_report=ignore)
    await anext(stream)
    reader = asyncio.create_task(anext(stream))
    await asyncio.sleep(0.01)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader

    assert seen == ["cancelled", "closed"]
    assert stream.report is not None
    assert stream.report.outcome == "cancelled"


def test_an_item_is_asked_for_only_when_one_is_wanted():
    source = Source([f"{token} " for token in "abcdef"])
    stream = guard_stream(source, guards=[WordGuard()], on_report=ignore)

    assert source.taken == 0
    next(stream)
    assert source.taken == 1


# The rules


@both_ways
@pytest.mark.parametrize("blocking", [False, True])
def test_monitor_mode_changes_nothing_and_tells_what_it_saw(drain, blocking):
    chunks = [{"text": token} for token in TOKENS]
    guard = dataclasses.replace(WordGuard(), blocking=blocking)

    got = drained(drain, Source(chunks), guards=[guard], mode="monitor")

    assert all(out is given for out, given in zip(got.items, chunks, strict=True))
    assert got.report.findings["words.SECRET.edit"] >= 1


@both_ways
def test_guards_that_take_long_work(drain):
    async def judge(sentence: str) -> bool:
        await asyncio.sleep(0)
        return "S3CRET" in sentence

    guard = Sentences("judge", judge, blocking=Blocking(time_limit=5.0))

    got = drained(drain, Source(["One. It is S3C", "RET-1. ", "Three."]), guards=[guard])

    assert "S3C" not in "".join(got.items)
    assert "".join(got.items).startswith("One.")


def test_a_route_of_execution_keeps_tool_arguments():
    call = {"index": 0, "function": {"arguments": json.dumps({"to": SECRET})}}
    chunk = json.loads(chat_frame({"tool_calls": [call]})[6:])

    assert one(chunk, channels=Channels(tool_arguments="execution")) is chunk
    assert SECRET not in json.dumps(one(chunk))


def test_lines_are_read_as_lines_when_told():
    lines = [b'{"text": "It is S3C"}\n{"te', b'xt": "RET-12345 x"}\n']

    stream = guard_stream(
        lines, guards=[WordGuard()], content_type="application/x-ndjson", on_report=ignore
    )

    assert [json.loads(line)["text"] for line in stream] == ["It is <SECRET>", " x"]


@pytest.mark.parametrize(
    "settings",
    [
        {"source": "text"},
        {"source": b"bytes"},
        {"source": {"a": 1}},
        {"source": 5},
        {"mode": "off"},
        {"content_type": "text/html"},
        {"guards": [PII]},
    ],
    ids=repr,
)
def test_a_setting_that_cannot_work_is_refused(settings):
    settings = {"source": iter(TOKENS), "guards": [], **settings}

    with pytest.raises(ConfigurationError):
        guard_stream(settings.pop("source"), **settings)


def test_a_report_hook_that_fails_hurts_nobody():
    def fail(report: Report) -> None:
        raise RuntimeError

    assert list(guard_stream(["a"], guards=[], on_report=fail)) == ["a"]


def test_the_error_is_of_the_documented_tree():
    assert issubclass(UnreadableFrameError, StreamwardError)
