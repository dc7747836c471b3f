"""How a broken answer ends under servers that cut it, and under those that do not."""

from __future__ import annotations

import asyncio

import pytest
from support.asgi import ask, scope_of
from support.guard import WordGuard
from support.streams import ScriptedApp, chat, chat_text

from streamward import Policy, Streamward

BROKEN = [*chat(["Hello ", "wor"])[:3], RuntimeError("secret internals")]
HYPERCORN = {"http.response.trailers": {}, "http.response.push": {}}
UVICORN = {"http.response.trailers": {}, "http.response.early_hint": {}}


def asked_by(version: str, extensions: dict[str, dict[str, str]]):
    return {**scope_of(), "http_version": version, "extensions": extensions}


@pytest.mark.parametrize("version", ["2", "3"])
async def test_hypercorn_leaves_http_2_and_3_open_so_the_answer_is_ended(version):
    door = Streamward(ScriptedApp(BROKEN), guards=[WordGuard()])

    answer = await ask(door, asked_by(version, HYPERCORN))

    assert b'"upstream_error"' in answer.body
    assert answer.ended
    assert isinstance(answer.raised, RuntimeError)  # the server logs it


@pytest.mark.parametrize(("version", "extensions"), [("1.1", {}), ("2", UVICORN)])
async def test_who_cuts_is_left_to_it(version, extensions):
    answer = await ask(Streamward(ScriptedApp(BROKEN)), asked_by(version, extensions))

    assert b'"upstream_error"' in answer.body
    assert not answer.ended


async def test_a_policy_says_that_the_server_does_not_cut():
    answer = await ask(Streamward(ScriptedApp(BROKEN), policy=Policy(cut=False)))

    assert b'"upstream_error"' in answer.body
    assert answer.ended
    assert isinstance(answer.raised, RuntimeError)


async def test_an_answer_that_broke_before_it_began_is_not_ended():
    async def app(scope, receive, send):
        raise RuntimeError("mine")

    answer = await ask(Streamward(app, policy=Policy(cut=False)))

    assert answer.status == 0
    assert answer.messages == []


async def test_what_is_no_stream_breaks_as_it_would_alone():
    app = ScriptedApp([b'{"a":', RuntimeError()], content_type="application/json")

    answer = await ask(Streamward(app, policy=Policy(cut=False)))

    assert answer.body == b'{"a":'
    assert not answer.ended


async def test_a_client_that_leaves_meanwhile_hears_no_end():
    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        if message["type"] == "http.response.body" and not message["more_body"]:
            raise OSError("the client has left")  # ASGI 2.4

    with pytest.raises(RuntimeError, match="internals"):
        await Streamward(ScriptedApp(BROKEN), policy=Policy(cut=False))(scope_of(), receive, send)


async def test_trailers_of_a_stream_are_dropped():
    """Nobody guards them, and the response has ended when they come."""
    kinds: list[str] = []

    async def app(scope, receive, send):
        start = {"type": "http.response.start", "status": 200, "trailers": True}
        await send({**start, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": b"".join(chat(["Hello"]))})
        await send({"type": "http.response.trailers", "headers": [(b"key", b"S3CRET-1")]})

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        assert "trailers" not in message
        kinds.append(message["type"])

    await Streamward(app)(asked_by("2", UVICORN), receive, send)

    assert set(kinds) == {"http.response.start", "http.response.body"}


async def test_headers_of_the_connection_are_the_servers_own():
    """HTTP/2 and HTTP/3 forbid them; sse-starlette writes one."""
    headers = [(b"Connection", b"keep-alive"), (b"Keep-Alive", b"timeout=5"), (b"X-Own", b"kept")]
    app = ScriptedApp(chat(["Hello"]), headers=[*headers, (b"Transfer-Encoding", b"chunked")])

    answer = await ask(Streamward(app), asked_by("2", UVICORN))

    assert {name.lower() for name in answer.headers} == {
        "content-type",
        "x-own",
        "cache-control",
        "x-accel-buffering",
    }


async def test_a_stream_that_is_sent_as_a_file_is_guarded(tmp_path):
    """granian offers to send files itself; nobody would look at them."""
    file = tmp_path / "answer"
    file.write_bytes(b"".join(chat(["My S3CRET-12345 is"])))

    async def app(scope, receive, send):
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.pathsend", "path": str(file)})

    answer = await ask(Streamward(app, guards=[WordGuard()]))

    assert chat_text(answer.body) == "My <SECRET> is"
    assert answer.ended
