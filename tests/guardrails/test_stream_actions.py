"""Actions that are opened for a stream, and what happens when an action fails."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import ask, scope_of
from support.guard import SECRET, WordGuard
from support.secrets import cuts, pieces
from support.streams import ScriptedApp, chat, chat_text

from streamward import Policy, Streamward
from streamward.cache import MemoryCache
from streamward.errors import GuardFailedError
from streamward.guardrails import Action, Fake, Hash, Redact, StreamActions, Ward
from streamward.guardrails.action import Kind
from streamward.wire import SSE, Channel, Close, Frame, Text, Whole

KEY = b"0123456789abcdef"
PROMPT = {"messages": [{"role": "user", "content": f"my key {SECRET}, ok?"}]}
ALICE = {"authorization": "Bearer alice", "content-type": "application/json"}
COIN = Fake(values={"SECRET": lambda faker: faker.numerify("coin-################")})


@dataclass(frozen=True)
class Broken:
    """An action that raises, or returns nonsense."""

    returns: Any = None
    kind: Kind = "edit"

    def apply(self, text: str, entity: str) -> str:
        if self.returns is None:
            raise RuntimeError(f"cannot edit {text}")
        return self.returns

    def fingerprint(self) -> str:
        return "broken"


def frame_of(text: str) -> Frame:
    data = json.dumps({"t": text}).encode()
    return Frame(b"data: " + data + b"\n\n", data)


def said_in(frames: list[bytes]) -> str:
    return "".join(json.loads(frame[6:])["t"] for frame in frames)


def test_an_action_is_opened_once_for_a_stream_and_shared_between_guards():
    actions = StreamActions()
    one, other = WordGuard(Hash()), WordGuard(Hash(), name="others")

    opened = actions.of(one, "SECRET")

    assert opened is actions.of(one, "SECRET") is actions.of(other, "OTHER")
    assert opened != StreamActions().of(one, "SECRET")
    assert actions.of(WordGuard(Hash(KEY)), "SECRET") == Hash(KEY)
    assert actions.of(WordGuard(), "SECRET") == Redact()


@given(st.data(), st.sampled_from([Hash(), COIN]))
def test_all_channels_and_repeated_texts_share_what_is_opened(data, action):
    """A text that is said twice, once in pieces and once whole, says the same twice (P4)."""
    text = f"it is {SECRET} and {SECRET} here"
    channels = [Channel(("a",)), Channel(("b",), "tool")]
    ward = Ward([WordGuard(action)], SSE)
    out: list[bytes] = []
    for channel in channels:
        for piece in pieces(text, data.draw(cuts(len(text), 5))):
            out += ward.feed(frame_of(piece), [Text(channel, ("t",), piece)])
    whole = [Close(None), Whole(("t",), text, repeats=True)]
    out += ward.feed(frame_of(text), whole) + ward.finish()

    said = said_in(out)
    third = len(said) // 3
    assert SECRET not in said
    assert said[:third] == said[third : 2 * third] == said[2 * third :]


@pytest.mark.parametrize("action", [Hash(), COIN])
async def test_a_prompt_and_its_answer_share_what_is_opened(action):
    """The model is told the same that the reader is told; the next exchange is told another."""
    heard: list[str] = []

    async def app(scope, receive, send):
        heard.append(json.loads((await receive())["body"])["messages"][0]["content"])
        await ScriptedApp(chat(["my key S3C", "RET-12345, ok?"]))(scope, receive, send)

    door = Streamward(app, guards=[WordGuard(action)], policy=Policy(prompt="redact"))
    body = json.dumps(PROMPT).encode()
    answers = [await ask(door, scope_of(headers=ALICE), body=body) for _ in range(2)]

    assert heard == [chat_text(answer.body) for answer in answers]
    assert heard[0] != heard[1]
    assert not any(SECRET in one for one in heard)


async def test_a_recording_made_without_a_key_is_replayed_as_it_was():
    app = ScriptedApp(chat(["a ", SECRET, " b"]))
    door = Streamward(app, guards=[WordGuard(COIN)], cache=MemoryCache())
    body = json.dumps(PROMPT).encode()

    first, second = [await ask(door, scope_of(headers=ALICE), body=body) for _ in range(2)]

    assert app.calls == 1
    assert first.body == second.body
    assert chat_text(first.body).startswith("a coin-")


@pytest.mark.parametrize("on_error", ["closed", "open"])
@pytest.mark.parametrize("action", [Broken(), Broken(returns=7)])
async def test_an_action_that_fails_lets_nothing_out(action: Action, on_error: Any):
    """What was found never leaves, not even where a guard that fails is left out."""
    app = ScriptedApp(chat(["well ", SECRET, " and ", "more"]))
    guard = WordGuard(action, on_error=on_error)

    answer = await ask(Streamward(app, guards=[guard]))

    assert isinstance(answer.raised, GuardFailedError)
    assert SECRET.encode() not in answer.body
    assert b"guard_failed" in answer.body
    assert chat_text(answer.body.split(b'data: {"error')[0]) == "well "


async def test_a_guard_that_names_no_action_for_what_it_found_fails_closed():
    class Nameless(WordGuard):
        def action(self, entity: str) -> Action:
            raise KeyError(entity)

    app = ScriptedApp(chat([f"my {SECRET} ", "more"]))
    answer = await ask(Streamward(app, guards=[Nameless(on_error="open")]))

    assert isinstance(answer.raised, GuardFailedError)
    assert SECRET.encode() not in answer.body
