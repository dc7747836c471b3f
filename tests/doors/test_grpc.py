"""The gRPC door: a real server, a real client, and a service generated from ``chat.proto``."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import aio
from grpc_tools import protoc
from hypothesis import given, settings
from hypothesis import strategies as st
from support.guard import SECRET, BrokenGuard, WordGuard
from support.secrets import cuts, pieces

from streamward import Limits, Report
from streamward.errors import ConfigurationError
from streamward.guardrails import Block, Guard
from streamward.middleware.grpc import GuardInterceptor
from streamward.middleware.grpc.fields import Messages, TextFields

TOKENS = ["It ", "is S3C", "RET-1", "2345. ", "Bye", "."]
SAFE = "It is <SECRET>. Bye."
FIELDS = {"/chat.Chat/*": ("text", "choices[index].delta.text", "notes")}
Answering = Callable[..., Any]


@pytest.fixture(scope="module")
def chat(tmp_path_factory) -> Iterator[Any]:
    """Generate the service, as its user would."""
    folder = tmp_path_factory.mktemp("generated")
    here = Path(__file__).parent
    arguments = [f"-I{here}", f"--python_out={folder}", f"--grpc_python_out={folder}", "chat.proto"]
    assert protoc.main(["protoc", *arguments]) == 0
    sys.path.insert(0, str(folder))
    messages = importlib.import_module("chat_pb2")
    services = importlib.import_module("chat_pb2_grpc")
    yield type("Chat", (), {"messages": messages, "services": services})
    sys.path.remove(str(folder))


class Called:
    """A server whose methods answer as told, and a client."""

    def __init__(self, stub: Any, reports: list[Report], chat: Any) -> None:
        self.stub = stub
        self.reports = reports
        self.chat = chat

    def say(self) -> Any:
        return self.stub.Say(self.chat.messages.Question(text="hi"))

    @property
    def report(self) -> Report:
        [report] = self.reports
        return report


@pytest.fixture
def serving(chat):
    @contextlib.asynccontextmanager
    async def serving(
        method: Answering, guard: Guard | None = None, **settings: Any
    ) -> AsyncIterator[Called]:
        reports: list[Report] = []
        settings.setdefault("fields", FIELDS)
        interceptor = GuardInterceptor(
            guards=[guard or WordGuard()], on_report=reports.append, **settings
        )
        servicer = type(
            "Servicer",
            (chat.services.ChatServicer,),
            {"Say": method, "Talk": method, "Once": method},
        )
        server = aio.server(interceptors=[interceptor])
        chat.services.add_ChatServicer_to_server(servicer(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            async with asyncio.timeout(20), aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield Called(chat.services.ChatStub(channel), reports, chat)
        finally:
            await server.stop(1)

    return serving


@pytest.fixture
def answer(chat) -> Callable[..., Any]:
    return chat.messages.Answer


async def drained(call: Any) -> tuple[list[Any], aio.AioRpcError | None]:
    got: list[Any] = []
    try:
        async for message in call:
            got.append(message)  # noqa: PERF401 - what came before an error counts
    except aio.AioRpcError as error:
        return got, error
    return got, None


def text(messages: list[Any]) -> str:
    return "".join(message.text for message in messages)


def saying(tokens: list[str], answer: Any, style: str = "yields", then: Any = None) -> Answering:
    """Return a method that answers in one of the styles that grpc knows."""

    async def yields(self: Any, request: Any, context: Any) -> AsyncIterator[Any]:
        for number, token in enumerate(tokens):
            yield answer(text=token, number=number, data=b"\0\xff")
        if then is not None:
            await then(context)

    async def writes(self: Any, request: Any, context: Any) -> None:
        for number, token in enumerate(tokens):
            await context.write(answer(text=token, number=number, data=b"\0\xff"))
        if then is not None:
            await then(context)

    def in_a_thread(self: Any, request: Any, context: Any) -> Iterator[Any]:
        for number, token in enumerate(tokens):
            yield answer(text=token, number=number, data=b"\0\xff")
        if then is not None:
            then(context)

    return {"yields": yields, "writes": writes, "in_a_thread": in_a_thread}[style]


every_style = pytest.mark.parametrize("style", ["yields", "writes", "in_a_thread"])


# Text


@every_style
async def test_findings_are_edited_in_the_message(serving, answer, style):
    async with serving(saying(TOKENS, answer, style)) as called:
        got, error = await drained(called.say())

    assert error is None
    assert text(got) == SAFE
    assert [message.number for message in got] == [*range(len(TOKENS))]
    assert {message.data for message in got} == {b"\0\xff"}
    assert called.report.route == "/chat.Chat/Say"
    assert called.report.outcome == "complete"
    assert called.report.findings == {"words.SECRET.edit": 1}
    assert called.report.ttft is not None


async def test_every_field_that_is_named_is_a_channel_of_its_own(serving, answer, chat):
    def message(first: str, second: str, note: str) -> Any:
        choices = [
            chat.messages.Choice(index=i, delta=chat.messages.Delta(text=t))
            for i, t in ((1, second), (0, first))
        ]
        return answer(choices=choices, notes=["", note])

    async def method(self: Any, request: Any, context: Any) -> AsyncIterator[Any]:
        yield message("a S3C", "b S3", "S")
        yield answer(
            choices=[chat.messages.Choice(index=0, delta=chat.messages.Delta(text="RET-1"))]
        )
        yield message("2345 c", "CRET-2 d", "3CRET-3")

    async with serving(method) as called:
        got, _ = await drained(called.say())

    said: dict[int, str] = {}
    for choice in (choice for one in got for choice in one.choices):
        said[choice.index] = said.get(choice.index, "") + choice.delta.text
    assert said == {0: "a <SECRET> c", 1: "b <SECRET> d"}
    assert "".join(one.notes[1] for one in got if one.notes) == "<SECRET>"


async def test_fields_that_nobody_named_and_other_methods_pass(serving, answer):
    async with serving(saying([SECRET], answer), fields={"/chat.Chat/Talk": "text"}) as called:
        got, _ = await drained(called.say())

    assert text(got) == SECRET
    assert called.reports == []


async def test_a_method_that_answers_once_passes(serving, answer):
    async def once(self: Any, request: Any, context: Any) -> Any:
        return answer(text=SECRET)

    async with serving(once) as called:
        got = await called.stub.Once(called.chat.messages.Question())

    assert (got.text, called.reports) == (SECRET, [])


async def test_a_message_without_text_keeps_its_place(serving, answer):
    async def method(self: Any, request: Any, context: Any) -> AsyncIterator[Any]:
        for message in (answer(text="S3C"), answer(number=7), answer(text="RET-1")):
            yield message

    async with serving(method) as called:
        got, _ = await drained(called.say())

    assert text(got) == "<SECRET>"
    assert [message.number for message in got] == [0, 7, 0]


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_text_does_not_depend_on_its_cuts(chat, data):
    whole = " ".join(data.draw(st.lists(st.sampled_from(["word", SECRET, "S3CRET-", "é😀\u2028"]))))
    cut = [chat.messages.Answer(text=t) for t in pieces(whole, data.draw(cuts(len(whole))))]
    from streamward.middleware.iterators.passage import Passage, Rules
    from streamward.middleware.iterators.ways import Way

    fields = TextFields(["text"])
    rules = Rules(
        guards=[WordGuard()],
        monitor=False,
        channels=None,
        limits=Limits(),
        items=lambda _: Messages(fields),
        name="",
        on_report=lambda _: None,
    )
    got = list(Way(cut, Passage(rules)).run())

    assert text(got) == whole.replace(SECRET, "<SECRET>")
    assert [b for a, b in zip(cut, got, strict=True) if a.text == b.text] == [
        a for a, b in zip(cut, got, strict=True) if a is b
    ]


def test_without_the_extra_the_error_names_it():
    code = (
        "import sys; sys.modules['grpc'] = None\n"
        "from streamward.errors import MissingExtraError\n"
        "try: import streamward.middleware.grpc\n"
        "except MissingExtraError as error: print(error.extra)\n"
    )
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert got.stdout == "grpc\n"


# Turns


async def test_a_turn_ends_when_the_method_waits_for_the_client(serving, answer):
    async def talk(self: Any, requests: Any, context: Any) -> AsyncIterator[Any]:
        async for _ in requests:
            for token in ["See S3C", "RET-1"]:
                yield answer(text=token)

    async with serving(talk) as called:
        call = called.stub.Talk()
        for _ in range(3):
            await call.write(called.chat.messages.Question(text="go on"))
            assert (await call.read()).text + (await call.read()).text == "See <SECRET>"
        await call.done_writing()
        assert await call.read() is aio.EOF

    assert called.report.findings == {"words.SECRET.edit": 3}


async def test_a_turn_ends_when_the_method_reads(serving, answer):
    async def talk(self: Any, requests: Any, context: Any) -> None:
        while await context.read() is not aio.EOF:
            await context.write(answer(text="See S3CRET-1"))

    async with serving(talk) as called:
        call = called.stub.Talk()
        for _ in range(2):
            await call.write(called.chat.messages.Question(text="go on"))
            assert (await call.read()).text == "See <SECRET>"
        await call.done_writing()
        assert await call.read() is aio.EOF


# How it ends


def code_of(error: aio.AioRpcError | None) -> str:
    assert error is not None
    return dict(error.trailing_metadata() or ())["streamward-code"]


@every_style
async def test_a_block_is_a_status_with_details(serving, answer, style):
    async with serving(saying([*TOKENS, "more"], answer, style), WordGuard(Block())) as called:
        got, error = await drained(called.say())

    assert text(got) == "It is "
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    assert error.details() == "The answer was stopped by a content policy."
    assert code_of(error) == "content_blocked"
    assert (called.report.outcome, called.report.code) == ("blocked", "content_blocked")


@pytest.mark.parametrize(
    ("guard", "settings", "status", "code"),
    [
        (BrokenGuard(), {}, grpc.StatusCode.INTERNAL, "guard_failed"),
        (
            WordGuard(),
            {"limits": Limits(held=50)},
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "hold_limit",
        ),
        (
            WordGuard(),
            {"limits": Limits(frame=20)},
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "frame_too_large",
        ),
        (WordGuard(), {"fields": {"*": "txt"}}, grpc.StatusCode.INTERNAL, "configuration_error"),
    ],
    ids=["guard", "hold", "frame", "fields"],
)
async def test_a_failure_is_a_status_with_details(serving, answer, guard, settings, status, code):
    async with serving(
        saying(["aaaa", "bbbbbbbbbbbbbbbbbbbbbbbb", "c"] * 5, answer), guard, **settings
    ) as called:
        _, error = await drained(called.say())

    assert error.code() is status
    assert code_of(error) == code
    assert called.report.code == code


async def failing(context: Any) -> None:
    context.set_trailing_metadata((("mine", "kept"),))
    raise RuntimeError(f"cannot find {SECRET}")


def failing_in_a_thread(context: Any) -> None:
    raise RuntimeError(f"cannot find {SECRET}")


@every_style
async def test_an_exception_comes_after_what_may_leave_and_is_not_quoted(
    serving, answer, style, caplog
):
    then = failing_in_a_thread if style == "in_a_thread" else failing
    async with serving(saying(["a S3CRET-1", " b"], answer, style, then)) as called:
        got, error = await drained(called.say())
        while "RuntimeError" not in caplog.text:  # noqa: ASYNC110 - gRPC writes it a moment later
            await asyncio.sleep(0.01)

    assert text(got) == "a <SECRET> b"
    assert error.code() is grpc.StatusCode.INTERNAL
    assert SECRET not in str(error)
    assert code_of(error) == "upstream_error"
    if style != "in_a_thread":
        assert dict(error.trailing_metadata())["mine"] == "kept"
    assert (called.report.outcome, called.report.code) == ("failed", "upstream_error")


@every_style
async def test_an_exception_waits_for_a_message_that_is_being_sent(serving, answer, style):
    """gRPC sends a message as large as that in many pieces."""
    then = failing_in_a_thread if style == "in_a_thread" else failing
    async with serving(saying([" a" * 1_000_000], answer, style, then)) as called:
        for _ in range(5):
            got, error = await drained(called.say())

            assert text(got) == " a" * 1_000_000
            assert code_of(error) == "upstream_error"


@pytest.mark.parametrize("style", ["yields", "writes"])
async def test_a_method_that_aborts_keeps_its_own_status(serving, answer, style):
    async def aborting(context: Any) -> None:
        await context.abort(grpc.StatusCode.NOT_FOUND, "nobody")

    async with serving(saying(["a S3CRET-1"], answer, style, aborting)) as called:
        got, error = await drained(called.say())

    assert text(got) == "a <SECRET>"
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "nobody")
    assert called.report.outcome == "failed"


@pytest.mark.parametrize("style", ["yields", "writes"])
async def test_a_client_that_cancels_cancels_the_method(serving, answer, style):
    cancelled = asyncio.Event()

    async def stuck(context: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with serving(saying(["a "], answer, style, stuck)) as called:
        call = called.say()
        assert (await call.read()).text == "a "
        call.cancel()
        await cancelled.wait()
        while not called.reports:  # noqa: ASYNC110 - said a moment later
            await asyncio.sleep(0.01)

    assert called.report.outcome == "client_left"


async def test_a_slow_client_slows_the_method(serving, answer):
    written = 0

    async def method(self: Any, request: Any, context: Any) -> AsyncIterator[Any]:
        nonlocal written
        for _ in range(1000):
            yield answer(text="x" * 65535 + " ")
            written += 1

    async with serving(method) as called:
        call = called.say()
        await call.read()
        await asyncio.sleep(0.3)
        assert written < 200
        call.cancel()


# The rules


async def test_monitor_mode_changes_nothing_and_tells_what_it_saw(serving, answer):
    async with serving(saying(TOKENS, answer), mode="monitor") as called:
        got, _ = await drained(called.say())

    assert text(got) == "".join(TOKENS)
    assert called.report.findings == {"words.SECRET.edit": 1}


@pytest.mark.parametrize(
    "settings",
    [
        {"fields": {"chat.Chat": "text"}},
        {"fields": {"/*": "a..b"}},
        {"fields": {"/*": "a[0].b"}},
        {"fields": {}, "mode": "off"},
    ],
    ids=repr,
)
def test_a_setting_that_cannot_work_is_refused(settings):
    with pytest.raises(ConfigurationError):
        GuardInterceptor(guards=[], **settings)


@pytest.mark.parametrize(
    "path",
    ["number", "data", "choices", "choices.delta", "choices[no].delta.text", "others.value.text"],
)
def test_a_path_that_leads_to_no_text_is_refused(answer, path):
    with pytest.raises(ConfigurationError):
        TextFields([path]).find(answer())
