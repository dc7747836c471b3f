"""The examples: each is imported, and serves a guarded stream."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import grpc
import httpx
import pytest
from support.asgi import ask, scope_of
from support.secrets import pieces
from support.sockets import Client, talk
from support.streams import chat_text
from support.wsgi import ask_wsgi, environ_of

from streamward.guardrails import Guard

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def example(monkeypatch):
    """Import an example anew, as a module of its own."""

    def load(name: str):
        spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look there
        spec.loader.exec_module(module)
        return module

    return load


async def get(app, path: str, method: str = "GET") -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path, headers={"authorization": "Bearer me"})


def test_every_example_is_tested():
    names = {path.stem for path in EXAMPLES.glob("*.py")}

    assert names == {
        "fastapi_app",
        "flask_app",
        "grpc_service",
        "own_guard",
        "redis_cache",
        "starlette_app",
        "websocket_app",
        "worker",
    }


async def test_fastapi_app(example):
    app = example("fastapi_app").app

    first = await get(app, "/v1/chat/completions", "POST")
    second = await get(app, "/v1/chat/completions", "POST")

    assert chat_text(first.content) == "Her mail is <EMAIL_ADDRESS>. Anything else?"
    assert second.content == first.content
    assert second.headers["cache-status"].startswith("streamward; hit")


async def test_starlette_app(example):
    module = example("starlette_app")

    guarded = await get(module.app, "/words")
    for_staff = await get(module.app, "/staff/words")

    assert "<EMAIL_ADDRESS>" in guarded.text
    assert "example.com" not in guarded.text
    assert "@example.com" in for_staff.text
    assert [report.findings for report in module.seen] == [{"pii.EMAIL_ADDRESS.edit": 1}, {}]


def test_flask_app(example, redis_server, monkeypatch):
    monkeypatch.setenv("REDIS_URL", redis_server.url)
    me = {"authorization": "Bearer docs-flask"}

    # Two processes would share the store; here two applications do.
    first = ask_wsgi(example("flask_app").app, environ_of(headers=me))
    second = ask_wsgi(example("flask_app").app, environ_of(headers=me))

    assert chat_text(first.body) == "Her mail is <EMAIL_ADDRESS>. Anything else?"
    assert second.body == first.body
    assert second.headers["cache-status"].startswith("streamward; hit")


async def test_grpc_service(example):
    module = example("grpc_service")
    server, port = await module.serve("127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        say = channel.unary_stream(
            "/chat.Chat/Say", module.Value.SerializeToString, module.Value.FromString
        )
        said = [value.string_value async for value in say(module.Value())]
    await server.stop(None)

    assert "".join(said) == "Her mail is <EMAIL_ADDRESS>. Anything else?"


async def test_websocket_app(example):
    said = "You said: I am <EMAIL_ADDRESS>. Her mail is <EMAIL_ADDRESS>. Anything else?"

    async def script(client: Client) -> None:
        await client.say("I am bob@example.org")
        await client.until(lambda client: client.text == said)
        await client.leave()

    await talk(example("websocket_app").app, script, "/chat")


def test_worker(example, capsys):
    example("worker").main()

    assert capsys.readouterr().out.startswith("Her mail is <EMAIL_ADDRESS>. Anything else?")


async def test_own_guard(example):
    answer = await get(example("own_guard").app, "/")

    assert answer.text == "Your case is <TICKET>, and all is well."


@pytest.mark.parametrize("size", range(1, 12))
def test_own_guard_does_not_depend_on_the_cuts(example, size):
    guard = example("own_guard").Tickets()
    text = "TICKET-1 and TICKET-22, not MYTICKET-3 nor TICKET-4x\nTICKET-555"
    whole = guard.scanner()

    scanner = guard.scanner()
    cut = [f for piece in pieces(text, [*range(0, len(text), size)]) for f in scanner.feed(piece)]
    cut += scanner.finish()

    assert isinstance(guard, Guard)
    assert cut == [*whole.feed(text), *whole.finish()]
    assert [text[f.start : f.end] for f in cut] == ["TICKET-1", "TICKET-22", "TICKET-555"]
    assert scanner.decided == len(text)


async def test_redis_cache(example, redis_server, monkeypatch):
    monkeypatch.setenv("REDIS_URL", redis_server.url)
    me = scope_of("/story", method="GET", headers={"authorization": "Bearer docs-examples"})

    # Two processes would share the store; here two applications do.
    first = await ask(example("redis_cache").app, dict(me))
    second = await ask(example("redis_cache").app, dict(me))

    assert b"data: stream" in first.body
    assert second.body == first.body
    assert second.headers["cache-status"].startswith("streamward; hit")


def test_the_guides_show_the_examples_as_they_are():
    """The marks between which a page includes an example."""
    lines = (EXAMPLES / "own_guard.py").read_text().splitlines()
    begin, end = lines.index("# The guard begins here."), lines.index("# The guard ends here.")

    assert 30 <= end - begin <= 60
