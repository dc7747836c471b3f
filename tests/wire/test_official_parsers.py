"""The official clients take what leaves, edited or not, and raise where an answer went wrong.

No network: the clients get a transport that answers with the bytes.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic
import httpx
import httpx2
import ollama
import openai
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wire_run import Run, run
from wire_vectors import VECTORS, Vector
from word_guard import BLOCKING, EDITING, FINDING_NOTHING, GONE, SECRET, WordGuard

from streamward.wire import Problem

BY_NAME = {vector.name: vector for vector in VECTORS}
PROBLEM = Problem("upstream_timeout", "The upstream took too long to answer.")
USER: Any = [{"role": "user", "content": "hi"}]


def of(dialect: str, *, complete: bool = True) -> Any:
    chosen = [v for v in VECTORS if v.dialect == dialect and v.complete is complete]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: vector.name)


def failed(dialect: str) -> Any:
    chosen = [v for v in VECTORS if v.dialect == dialect and v.failed]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: vector.name)


guards = pytest.mark.parametrize("guard", [EDITING, FINDING_NOTHING], ids=["edited", "unedited"])


def transport(body: bytes) -> httpx2.MockTransport:
    headers = {"content-type": "text/event-stream"}
    return httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=body))


def openai_client(body: bytes) -> openai.OpenAI:
    http = httpx2.Client(transport=transport(body))
    return openai.OpenAI(api_key="k", base_url="http://x/v1", http_client=http, max_retries=0)


def anthropic_client(body: bytes) -> anthropic.Anthropic:
    http = httpx2.Client(transport=transport(body))
    return anthropic.Anthropic(api_key="k", base_url="http://x", http_client=http, max_retries=0)


def ollama_client(body: bytes) -> ollama.Client:
    answer = httpx.Response(200, content=body)
    return ollama.Client(host="http://x", transport=httpx.MockTransport(lambda _: answer))


def chat(body: bytes) -> list[Any]:
    with openai_client(body) as client:
        return list(client.chat.completions.create(model="m", messages=USER, stream=True))


def chat_helper(body: bytes) -> Any:
    with (
        openai_client(body) as client,
        client.chat.completions.stream(model="m", messages=USER) as stream,
    ):
        return [*stream], stream.get_final_completion()


def responses(body: bytes) -> list[Any]:
    with openai_client(body) as client:
        return list(client.responses.create(model="m", input="hi", stream=True))


def responses_helper(body: bytes) -> Any:
    with (
        openai_client(body) as client,
        client.responses.stream(model="m", input="hi") as stream,
    ):
        return [*stream], stream.get_final_response()


def messages(body: bytes) -> list[Any]:
    with anthropic_client(body) as client:
        return list(client.messages.create(model="m", max_tokens=9, messages=USER, stream=True))


def messages_helper(body: bytes) -> Any:
    with (
        anthropic_client(body) as client,
        client.messages.stream(model="m", max_tokens=9, messages=USER) as stream,
    ):
        return [*stream], stream.get_final_message()


def ollama_chat(body: bytes) -> list[Any]:
    return list(ollama_client(body).chat(model="m", messages=USER, stream=True))


def ollama_generate(body: bytes) -> list[Any]:
    return list(ollama_client(body).generate(model="m", prompt="hi", stream=True))


def reader_after(name: str, frames: int, guard: WordGuard = FINDING_NOTHING) -> Run:
    """Read a few frames of a vector, as when the upstream then breaks off."""
    vector = BY_NAME[name]
    going = Run(vector, [guard])
    ends = b"\n" if vector.dialect == "ollama" else b"\n\n"
    for block in vector.body.removesuffix(ends).split(ends)[:frames]:
        going.feed(block + ends)
    assert going.reader is not None
    return going


@guards
@of("openai_chat")
def test_openai_chat_takes_it(vector: Vector, guard: WordGuard) -> None:
    out = run(vector, guard).out

    chunks = chat(out)

    assert chunks
    assert guard is FINDING_NOTHING or SECRET not in repr(chunks)


@pytest.mark.parametrize(
    "name",
    [
        "chat short",
        "chat logprobs *",
        "chat tool *",
        "chat reasoning *",
        "chat two choices *",
        "chat crlf and comments *",
    ],
)
def test_openai_chat_helper_has_no_secret(name: str) -> None:
    events, final = chat_helper(run(BY_NAME[name], EDITING).out)

    assert SECRET not in repr(events) + repr(final)
    for choice in final.choices:
        for call in choice.message.tool_calls or ():
            assert GONE in json.dumps(json.loads(call.function.arguments))


@failed("openai_chat")
def test_openai_chat_raises_on_an_error_of_the_upstream(vector: Vector) -> None:
    with pytest.raises(openai.APIError) as caught:
        chat(run(vector, EDITING).out)

    assert SECRET not in str(caught.value)


@guards
@of("openai_responses")
def test_openai_responses_takes_it(vector: Vector, guard: WordGuard) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydantic on events that are not there in full
        events = responses(run(vector, guard).out)

    assert events[-1].type == "response.completed"
    assert guard is FINDING_NOTHING or SECRET not in repr(events)


@pytest.mark.parametrize(
    "name", ["responses short", "responses text *", "responses function *", "responses reasoning *"]
)
def test_openai_responses_helper_has_no_secret(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        events, final = responses_helper(run(BY_NAME[name], EDITING).out)

    assert final.status == "completed"
    assert SECRET not in repr(events) + repr(final)
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert final.output_text == deltas


def test_openai_responses_raises_on_an_error_of_the_upstream() -> None:
    with pytest.raises(openai.APIError):
        responses(run(BY_NAME["responses first is an error"], EDITING).out)


@guards
@of("anthropic")
def test_anthropic_takes_it(vector: Vector, guard: WordGuard) -> None:
    out = run(vector, guard).out

    events, final = messages_helper(out)

    assert messages(out)
    assert final.stop_reason in {"end_turn", "tool_use", "stop_sequence"}
    assert guard is FINDING_NOTHING or SECRET not in repr(events) + repr(final)


def test_anthropic_helper_reads_the_edited_tool_input() -> None:
    _, final = messages_helper(run(BY_NAME["anthropic tool *"], EDITING).out)

    assert final.content[1].input["to"] == f"{GONE} 😀"


@failed("anthropic")
def test_anthropic_raises_on_an_error_of_the_upstream(vector: Vector) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        messages(run(vector, EDITING).out)

    assert SECRET not in str(caught.value)


@guards
@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("ollama thinking *", ollama_chat),
        ("ollama tool *", ollama_chat),
        ("ollama generate *", ollama_generate),
        ("ollama context", ollama_generate),
    ],
)
def test_ollama_takes_it(name: str, ask: Callable[[bytes], list[Any]], guard: WordGuard) -> None:
    parts = ask(run(BY_NAME[name], guard).out)

    assert parts[-1].done
    assert guard is FINDING_NOTHING or SECRET not in repr(parts)


def test_ollama_raises_on_an_error_of_the_upstream() -> None:
    with pytest.raises(ollama.ResponseError) as caught:
        ollama_chat(run(BY_NAME["ollama error *"], EDITING).out)

    assert SECRET not in str(caught.value)


CLIENTS: list[tuple[str, Callable[[bytes], Any], type[Exception]]] = [
    ("chat logprobs *", chat, openai.APIError),
    ("chat logprobs *", chat_helper, openai.APIError),
    ("responses text *", responses, openai.APIError),
    ("responses text *", responses_helper, openai.APIError),
    ("anthropic tool *", messages, anthropic.APIStatusError),
    ("anthropic tool *", messages_helper, anthropic.APIStatusError),
    ("ollama thinking *", ollama_chat, ollama.ResponseError),
    ("ollama generate *", ollama_generate, ollama.ResponseError),
]
clients = pytest.mark.parametrize(
    ("name", "ask", "error"), CLIENTS, ids=[f"{name} {ask.__name__}" for name, ask, _ in CLIENTS]
)


@clients
@pytest.mark.parametrize("frames", [1, 2, 4, 6])
def test_an_error_frame_raises_the_clients_own_exception(
    name: str, ask: Callable[[bytes], Any], error: type[Exception], frames: int
) -> None:
    going = reader_after(name, frames)
    assert going.reader is not None

    with pytest.raises(error) as caught:
        ask(going.out + going.reader.error(PROBLEM))

    assert PROBLEM.message in str(caught.value)
    assert ask in {ollama_chat, ollama_generate} or PROBLEM.code in repr(vars(caught.value))


@clients
def test_an_error_before_the_first_frame_raises_too(
    name: str, ask: Callable[[bytes], Any], error: type[Exception]
) -> None:
    reader = reader_after(name, 1).dialect
    assert reader is not None

    with pytest.raises(error):
        ask(reader.reader().error(PROBLEM))


@clients
def test_heartbeats_change_nothing(
    name: str, ask: Callable[[bytes], Any], error: type[Exception]
) -> None:
    del error
    vector = BY_NAME[name]
    going = run(vector, EDITING)
    assert going.dialect is not None
    beat = going.dialect.heartbeat
    ends = b"\n" if vector.dialect == "ollama" else b"\n\n"
    blocks = [block + ends for block in going.out.split(ends)[:-1]]

    with_beats = ask(b"".join(beat + block for block in blocks))

    assert repr(with_beats) == repr(ask(going.out))


REFUSALS: list[tuple[str, Callable[[bytes], Any]]] = [
    ("chat logprobs *", chat),
    ("chat tool *", chat),
    ("chat two choices *", chat),
    ("anthropic begun block *", messages_helper),
    ("anthropic thinking *", messages_helper),
    ("anthropic tool *", messages_helper),
    ("anthropic citations and results *", messages_helper),
    ("ollama thinking *", ollama_chat),
    ("ollama tool *", ollama_chat),
    ("ollama generate *", ollama_generate),
]


@pytest.mark.parametrize(("name", "ask"), REFUSALS)
def test_a_blocked_answer_ends_as_a_refused_one(name: str, ask: Callable[[bytes], Any]) -> None:
    going = run(BY_NAME[name], BLOCKING)
    assert going.reader is not None
    ending = going.reader.refusal(PROBLEM)
    assert ending is not None

    answer = ask(going.out + ending)

    assert SECRET not in repr(answer)
    assert any(word in repr(answer) for word in ("content_filter", "refusal"))
    if ask is chat:
        finished = {c.index: c.finish_reason for chunk in answer for c in chunk.choices}
        assert set(finished.values()) == {"content_filter"}


def test_a_blocked_response_ends_with_the_error() -> None:
    going = run(BY_NAME["responses text *"], BLOCKING)
    assert going.reader is not None

    assert going.reader.refusal(PROBLEM) is None
    with pytest.raises(openai.APIError):
        responses(going.out + going.reader.error(PROBLEM))


def test_an_answer_that_nobody_has_seen_ends_with_the_error() -> None:
    for name in ("anthropic short", "ollama short"):
        dialect = run(BY_NAME[name], FINDING_NOTHING).dialect
        assert dialect is not None

        assert dialect.reader().refusal(PROBLEM) is None


class StrictUiClient:
    """The rules of ``processUIMessageStream`` in ``ai``: what is fatal to it, read from its source."""

    def __init__(self) -> None:
        self.open: set[tuple[str, str]] = set()
        self.ended = False
        self.errors: list[str] = []

    def take(self, body: bytes) -> StrictUiClient:
        for block in body.decode().split("\n\n"):
            lines = [row for row in block.split("\n") if row.startswith("data: ")]
            if lines and lines[0] != "data: [DONE]":
                self._chunk(json.loads(lines[0].removeprefix("data: ")))
        self.ended = body.endswith(b"data: [DONE]\n\n")
        return self

    def _chunk(self, chunk: dict[str, Any]) -> None:
        kind = chunk["type"]
        sort, _, verb = kind.rpartition("-")
        if sort in {"text", "reasoning"}:
            key = (sort, chunk["id"])
            if verb == "start":
                self.open.add(key)
            else:
                assert key in self.open, "a delta or an end for a part that is not open"
            if verb == "end":
                self.open.remove(key)
        elif kind == "error":
            assert chunk.keys() == {"type", "errorText"}
            self.errors.append(chunk["errorText"])
        elif kind == "finish":
            assert chunk.keys() <= {"type", "finishReason", "messageMetadata"}


@of("ai_sdk_ui")
@pytest.mark.parametrize("guard", [EDITING, FINDING_NOTHING, BLOCKING])
def test_a_strict_ui_client_takes_it(vector: Vector, guard: WordGuard) -> None:
    going = run(vector, guard)
    assert going.reader is not None
    ending = going.reader.refusal(PROBLEM) if going.ward.blocked else b""

    client = StrictUiClient().take(going.out + (ending or b""))

    assert client.ended
    assert client.errors == []


def test_a_strict_ui_client_gets_the_error() -> None:
    going = reader_after("ui text *", 5)
    assert going.reader is not None

    client = StrictUiClient().take(going.out + going.reader.error(PROBLEM))

    assert client.errors == [PROBLEM.message]


def test_a_strict_ui_client_sees_the_part_end_before_a_refusal() -> None:
    going = run(BY_NAME["ui text *"], BLOCKING)
    assert going.reader is not None
    ending = going.reader.refusal(PROBLEM)
    assert ending is not None

    client = StrictUiClient().take(going.out + ending)

    assert client.open == set()
