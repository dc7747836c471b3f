"""The WebSocket door: messages both ways, turns, ends, leaving, back-pressure."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.websockets import WebSocket
from support.guard import SECRET, BrokenGuard, WordGuard
from support.realtime import response, session, told, written
from support.secrets import cuts, pieces
from support.sockets import Client, talk

from streamward import Limits, Policy, Report, Sockets, Streamward, opt_out
from streamward.errors import ConfigurationError
from streamward.guardrails import Block, Guard

TOKENS = ["It ", "is S3C", "RET-1", "2345. ", "Bye", "."]
SAFE = "It is <SECRET>. Bye."
Serve = Callable[[WebSocket], Awaitable[None]]


class Door:
    """An application behind streamward, and its reports."""

    def __init__(self, serve: Serve, guard: Guard | None = None, **policy: Any) -> None:
        self.reports: list[Report] = []
        self.serve = serve
        self.cancelled = self.ended = False
        guards = [WordGuard() if guard is None else guard]
        self.app = Streamward(
            self._app, guards=guards, policy=Policy(**policy), on_report=self.reports.append
        )

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self.serve(WebSocket(scope, receive, send))
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        self.ended = True

    @property
    def report(self) -> Report:
        [report] = self.reports
        return report


def sending(messages: Iterable[str | bytes], *, then: Serve | None = None) -> Serve:
    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        for message in messages:
            await (socket.send_text if isinstance(message, str) else socket.send_bytes)(message)
        if then is not None:
            await then(socket)

    return serve


async def closing(socket: WebSocket) -> None:
    await socket.close(4000, "done")


async def failing(socket: WebSocket) -> None:
    del socket
    raise RuntimeError("the model is gone")


async def stuck(socket: WebSocket) -> None:
    del socket
    await asyncio.sleep(60)


async def listening(socket: WebSocket) -> None:
    await socket.receive_text()


# Text of the server's


@settings(max_examples=30)
@given(st.data())
def test_text_is_joined_over_messages(data):
    text = " ".join(data.draw(st.lists(st.sampled_from(["word", SECRET, "S3CRET-", "é😀"]))))
    cut = pieces(text, data.draw(cuts(len(text))))

    client = asyncio.run(talk(Door(sending(cut, then=closing)).app))

    assert client.text == text.replace(SECRET, "<SECRET>")
    assert (client.code, client.reason) == (4000, "done")


@pytest.mark.parametrize("then", [None, closing])
async def test_what_is_held_leaves_at_the_end(then):
    door = Door(sending(TOKENS, then=then))

    client = await talk(door.app)

    assert client.text == SAFE
    assert client.raised is None
    assert door.report.outcome == "complete"
    assert (door.report.route, door.report.status, door.report.method) == ("*", 101, "GET")
    assert door.report.findings == {"words.SECRET.edit": 1}
    assert door.report.bytes_out == len(SAFE)


async def test_messages_without_findings_are_the_same_messages():
    messages = ["", "a b ", "", '{"a": "b"} ', "c ", "[DONE]", "5"]

    client = await talk(Door(sending(messages, then=closing)).app)

    assert client.heard == messages


async def test_json_text_is_edited_in_its_place():
    messages = [json.dumps({"text": token, "n": 1.50}) for token in TOKENS]

    client = await talk(Door(sending(messages)).app)

    assert "".join(json.loads(one)["text"] for one in client.heard) == SAFE
    assert client.heard[0] == messages[0]


async def test_the_events_of_a_realtime_session():
    door = Door(sending(written([session(), *response(TOKENS)])))

    client = await talk(door.app)

    events = [json.loads(one) for one in client.heard]
    assert told(events) == SAFE
    assert SECRET not in client.text
    assert (door.report.dialect, door.report.outcome) == ("openai_realtime", "complete")
    assert door.report.usage is not None
    assert door.report.ttft is not None


# Turns


async def test_a_turn_ends_when_the_application_waits_for_the_client():
    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        async for _ in socket.iter_text():
            for token in ["See S3C", "RET-1", "2345"]:
                await socket.send_text(token)

    async def script(client: Client) -> None:
        for turn in range(1, 4):
            await client.say("go on")
            await client.until(lambda client, turn=turn: client.text == "See <SECRET>" * turn)
        await client.leave(1000)

    door = Door(serve)
    await talk(door.app, script)

    assert door.ended
    assert door.report.outcome == "complete"


async def overlapping(socket: WebSocket) -> None:
    """Listen all the time, and speak beside it."""
    await socket.accept()

    async def listen() -> None:
        async for _ in socket.iter_text():
            pass

    listener = asyncio.create_task(listen())
    await asyncio.sleep(0.01)
    for token in ["See S3C", "RET-1"]:
        await socket.send_text(token)
        await asyncio.sleep(0.02)
    await listener


async def test_a_message_of_the_client_cuts_no_secret_where_the_application_always_listens():
    async def script(client: Client) -> None:
        for _ in range(20):
            await client.say("give it to me")
            await asyncio.sleep(0.003)
        await client.leave()

    client = await talk(Door(overlapping).app, script)

    assert "S3C" not in client.text


async def test_silence_ends_a_turn_if_the_policy_says_so():
    async def script(client: Client) -> None:
        await client.until(lambda client: client.text == "See <SECRET>")
        await client.leave()

    door = Door(overlapping, sockets=Sockets(turn=0.2))
    await talk(door.app, script)

    assert door.report.findings == {"words.SECRET.edit": 1}


async def test_whole_messages_are_decided_each_by_itself():
    async def script(client: Client) -> None:
        await client.until(lambda client: client.heard == ["See S3C", "RET-1"])
        await client.leave()

    await talk(Door(overlapping, sockets=Sockets(messages="whole")).app, script)


# What the client says


def echoing(got: list[Any]) -> Serve:
    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        while (message := await socket.receive())["type"] == "websocket.receive":
            text = message.get("text")
            got.append(message["bytes"] if text is None else text)
            if text == "bye":
                break

    return serve


async def saying(client: Client) -> None:
    for said in (f"I am {SECRET}", b"bytes", "bye"):
        await client.say(said)


@pytest.mark.parametrize(
    ("guard", "binary", "got"),
    [
        ("server", "drop", [f"I am {SECRET}", b"bytes", "bye"]),
        ("client", "drop", ["I am <SECRET>", "bye"]),
        ("both", "pass", ["I am <SECRET>", b"bytes", "bye"]),
    ],
)
async def test_what_the_client_says_is_guarded_where_the_policy_says_so(guard, binary, got):
    heard: list[Any] = []
    door = Door(echoing(heard), sockets=Sockets(guard=guard, binary=binary))

    await talk(door.app, saying)

    assert heard == got
    assert door.report.findings.get("words.SECRET.edit", 0) == (guard != "server")
    assert door.report.findings.get("channels.BINARY.edit", 0) == (b"bytes" not in got)


async def test_only_the_clients_side_is_guarded_if_the_policy_says_so():
    door = Door(sending([SECRET]), sockets=Sockets(guard="client"))

    assert (await talk(door.app)).text == SECRET


async def test_a_message_of_the_client_that_is_not_allowed_ends_the_connection():
    heard: list[Any] = []
    door = Door(echoing(heard), WordGuard(Block()), sockets=Sockets(guard="both"))

    client = await talk(door.app, saying)

    assert heard == []
    assert (client.code, client.reason) == (1008, "prompt_blocked")
    assert (door.report.outcome, door.report.code) == ("blocked", "prompt_blocked")
    assert door.cancelled
    assert client.raised is None


async def test_a_message_of_the_client_that_cannot_be_read_ends_the_connection():
    heard: list[Any] = []
    door = Door(echoing(heard), sockets=Sockets(guard="both"), limits=Limits(frame=10))

    client = await talk(door.app, saying)

    assert (heard, client.code, client.reason) == ([], 1008, "prompt_unreadable")


# Bytes


@pytest.mark.parametrize("binary", ["drop", "pass"])
async def test_bytes_are_dropped_or_keep_their_place(binary):
    messages: list[str | bytes] = ["a S3C", b"\0\n\xff", "RET-12345", b""]
    door = Door(sending(messages), sockets=Sockets(binary=binary))

    client = await talk(door.app)

    kept = [one for one in client.heard if isinstance(one, bytes)]
    assert client.text == "a <SECRET>"
    assert kept == ([b"\0\n\xff", b""] if binary == "pass" else [])
    assert door.report.findings.get("channels.BINARY.edit", 0) == (0 if kept else 2)
    if kept:  # in its turn
        assert client.heard[1] == b"\0\n\xff"


@pytest.mark.parametrize("policy", [{"guards": ()}, {"mode": "monitor"}])
async def test_where_nobody_enforces_bytes_pass(policy):
    client = await talk(Door(sending([b"x", SECRET]), **policy).app)

    assert client.heard == [b"x", SECRET]


# Blocks and errors


async def test_a_block_says_so_and_closes_with_1008():
    door = Door(sending([*TOKENS, "more", "more"], then=stuck), WordGuard(Block()))

    client = await talk(door.app)

    said = json.loads(client.heard[-1])
    assert client.text.startswith("It is ")
    assert "S3C" not in client.text
    assert (said["type"], said["error"]["code"]) == ("error", "content_blocked")
    assert (client.code, client.reason) == (1008, "content_blocked")
    assert (door.report.outcome, door.report.code) == ("blocked", "content_blocked")
    assert client.raised is None
    assert not door.ended


async def test_a_block_in_a_realtime_session_is_its_own_error_event():
    door = Door(sending(written([session(), *response(TOKENS)])), WordGuard(Block()))

    client = await talk(door.app)

    said = json.loads(client.heard[-1])
    assert (said["type"], said["error"]["code"]) == ("error", "content_blocked")
    assert said["event_id"]
    assert client.code == 1008


@pytest.mark.parametrize("then", [None, closing])
async def test_a_block_in_what_is_held_at_the_end(then):
    client = await talk(Door(sending(["a ", SECRET], then=then), WordGuard(Block())).app)

    assert SECRET not in client.text
    assert (client.code, client.reason) == (1008, "content_blocked")


async def test_a_block_when_a_turn_ends():
    door = Door(sending(["a ", SECRET], then=listening), WordGuard(Block()))

    client = await talk(door.app)

    assert (client.code, client.reason) == (1008, "content_blocked")
    assert door.cancelled


@pytest.mark.parametrize(
    ("guard", "policy", "code"),
    [
        (BrokenGuard(), {}, "guard_failed"),
        (WordGuard(), {"limits": Limits(held=10)}, "hold_limit"),
        (WordGuard(), {"limits": Limits(frame=8)}, "frame_too_large"),
    ],
    ids=["guard", "hold", "frame"],
)
async def test_a_failure_closes_with_1011(guard, policy, code):
    door = Door(sending(["aaaa ", "bbbbbb", "ccccccccc", "d"], then=stuck), guard, **policy)

    client = await talk(door.app)

    assert (client.code, client.reason) == (1011, code)
    assert json.loads(client.heard[-1])["error"]["code"] == code
    assert (door.report.outcome, door.report.code) == ("failed", code)


async def test_an_exception_after_text_is_said_in_the_dialect_and_goes_on():
    door = Door(sending(["a S3CRET-12345", " and"], then=failing))

    client = await talk(door.app)

    assert client.text.startswith("a <SECRET> and{")
    assert "model is gone" not in client.text
    assert json.loads(client.heard[-1])["error"]["code"] == "upstream_error"
    assert (client.code, client.reason) == (1011, "upstream_error")
    assert isinstance(client.raised, RuntimeError)
    assert (door.report.outcome, door.report.code) == ("failed", "upstream_error")


async def test_an_exception_before_any_text_only_closes():
    client = await talk(Door(sending([], then=failing)).app)

    assert (client.heard, client.code) == ([], 1011)
    assert isinstance(client.raised, RuntimeError)


async def test_a_handshake_that_is_refused_is_the_applications_own():
    async def serve(socket: WebSocket) -> None:
        await socket.close(4001)

    door = Door(serve)
    client = await talk(door.app)

    assert (client.code, client.accepted, door.reports) == (4001, False, [])


async def test_an_exception_before_the_handshake_is_the_applications_own():
    door = Door(failing)
    client = await talk(door.app)

    assert isinstance(client.raised, RuntimeError)
    assert (client.code, door.reports) == (None, [])


# Leaving


async def test_a_client_that_leaves_cancels_the_application():
    async def script(client: Client) -> None:
        await client.until(lambda client: client.heard == ["a "])
        await client.leave()

    door = Door(sending(["a "], then=stuck))
    await talk(door.app, script)

    assert door.cancelled
    assert door.report.outcome == "client_left"


async def test_an_application_that_listens_hears_that_the_client_left():
    async def script(client: Client) -> None:
        await client.until(lambda client: client.accepted)
        await client.leave()

    heard: list[Any] = []
    door = Door(echoing(heard))
    await talk(door.app, script)

    assert door.ended
    assert not door.cancelled


async def test_an_application_that_does_not_mind_is_cancelled_after_a_while(monkeypatch):
    monkeypatch.setattr("streamward.middleware.websocket.connection._GRACE", 0.05)

    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        await socket.receive()
        await asyncio.sleep(60)

    async def script(client: Client) -> None:
        await client.until(lambda client: client.accepted)
        await asyncio.sleep(0.01)
        await client.leave()

    door = Door(serve)
    await talk(door.app, script)

    assert door.cancelled


async def test_an_application_may_finish_without_its_client():
    said: list[str] = []

    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        for token in ["a ", "b ", "c "]:
            await socket.send_text(token)
            said.append(token)
            await asyncio.sleep(0.03)

    async def script(client: Client) -> None:
        await client.until(lambda client: client.heard == ["a "])
        await client.leave()

    door = Door(serve, on_leave="finish")
    await talk(door.app, script)

    assert said == ["a ", "b ", "c "]
    assert door.ended
    assert door.report.outcome == "client_left"


async def test_a_server_that_stops_cancels_the_application():
    door = Door(sending(["a "], then=stuck))
    talking = asyncio.create_task(talk(door.app))
    await asyncio.sleep(0.05)
    talking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await talking

    assert door.cancelled
    assert door.report.outcome == "cancelled"


async def test_a_server_that_fails_to_receive_counts_as_a_client_that_left():
    door = Door(sending(["a "], then=stuck))
    client = Client()
    asked = 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        if asked == 1:
            return {"type": "websocket.connect"}
        await client.until(lambda client: client.heard == ["a "])
        raise ConnectionError

    await door.app({"type": "websocket", "path": "/", "headers": []}, receive, client.send)

    assert door.cancelled
    assert door.report.outcome == "client_left"


# Back-pressure


async def test_a_slow_client_slows_the_application():
    sent: list[int] = []

    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        for number in range(10):
            await socket.send_text(f"{number} ")
            sent.append(number)

    async def script(client: Client) -> None:
        client.takes.clear()
        await asyncio.sleep(0.05)
        assert sent == []
        client.takes.set()

    client = await talk(Door(serve).app, script)

    assert client.text == "0 1 2 3 4 5 6 7 8 9 "


async def test_an_application_that_does_not_read_slows_its_client():
    taken = 0

    async def serve(socket: WebSocket) -> None:
        await socket.accept()
        await asyncio.sleep(0.1)

    door = Door(serve)
    client = Client()

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        await asyncio.sleep(0)
        return (
            {"type": "websocket.connect"}
            if taken == 1
            else {"type": "websocket.receive", "text": "x" * 8192}
        )

    await door.app({"type": "websocket", "path": "/", "headers": []}, receive, client.send)

    assert 8 <= taken <= 12


# The rules


@pytest.mark.parametrize("policy", [{"sockets": None}, {"enabled": False}])
async def test_a_route_may_pass_its_sockets_by(policy):
    door = Door(sending([SECRET, b"x"]), **policy)

    client = await talk(door.app)

    assert (client.heard, door.reports) == ([SECRET, b"x"], [])


@pytest.mark.parametrize(
    ("only", "heard"), [(None, [SECRET]), ("guards", [SECRET]), ("cache", ["<SECRET>"])]
)
async def test_an_application_may_opt_out(only, heard):
    async def serve(socket: WebSocket) -> None:
        opt_out(socket, only=only)
        await socket.accept()
        await socket.send_text(SECRET)

    door = Door(serve)

    assert (await talk(door.app)).heard == heard
    assert len(door.reports) == (only is not None)


async def test_monitor_mode_changes_nothing_and_tells_what_it_saw():
    door = Door(sending(TOKENS), mode="monitor")

    client = await talk(door.app)

    assert client.heard == TOKENS
    assert door.report.findings == {"words.SECRET.edit": 1}


@pytest.mark.parametrize("blocking", [False, True])
async def test_guards_that_take_long_work_in_threads(blocking):
    guard = dataclasses.replace(WordGuard(), blocking=blocking)

    assert (await talk(Door(sending(TOKENS), guard).app)).text == SAFE


@pytest.mark.parametrize(
    "wrong", [{"guard": "all"}, {"binary": "keep"}, {"messages": "cut"}, {"turn": 0}], ids=repr
)
def test_a_rule_that_cannot_work_is_refused(wrong):
    with pytest.raises(ConfigurationError):
        Sockets(**wrong)
    with pytest.raises(ConfigurationError):
        Policy(sockets="server")
