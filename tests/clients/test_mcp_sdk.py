"""The ``mcp`` client over real HTTP, against a server that is a few lines long."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from mcp import ClientSession, MCPError
from mcp.client.streamable_http import streamable_http_client
from support.clients import CLEAN, SECRETS, TEXT, WORDS, served

from streamward import Policy
from streamward.guardrails import PII

PRIMING = b"id: 1\r\ndata: \r\n\r\n"


def message(**value: Any) -> bytes:
    return f"event: message\r\ndata: {json.dumps({'jsonrpc': '2.0', **value})}\r\n\r\n".encode()


async def body_of(receive: Any) -> bytes:
    body = b""
    while True:
        part = await receive()
        body += part.get("body", b"")
        if not part.get("more_body"):
            return body


class Server:
    """Answers a tool call with a progress message and a text; or it fails or stops before that."""

    def __init__(
        self, text: str, *, pause: float = 0.0, fails: bool = False, stops: bool = False
    ) -> None:
        self.text = text
        self.pause = pause
        self.fails = fails
        self.stops = stops

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] != "POST":
            await self._answer(send, 405)
            return
        asked = json.loads(await body_of(receive))
        if "id" not in asked:
            await self._answer(send, 202)
        elif asked["method"] == "initialize":
            info = {"name": "s", "version": "1"}
            version = asked["params"]["protocolVersion"]
            result = {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
            await self._stream(send, message(id=asked["id"], result=result))
        elif asked["method"] == "tools/list":
            tool = {"name": "f", "inputSchema": {"type": "object"}}
            await self._stream(send, message(id=asked["id"], result={"tools": [tool]}))
        else:
            token = asked["params"]["_meta"]["progressToken"]
            params = {"progressToken": token, "progress": 0.5, "message": self.text}
            progress = message(method="notifications/progress", params=params)
            content = [{"type": "text", "text": self.text}]
            result = {"content": content, "structuredContent": {"said": self.text}}
            await self._stream(send, PRIMING, progress, message(id=asked["id"], result=result))

    async def _answer(self, send: Any, status: int) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def _stream(self, send: Any, *frames: bytes) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, frame in enumerate(frames):
            if self.fails and number == 2:
                raise RuntimeError("internal")
            if self.stops and number == 2:
                return
            await asyncio.sleep(self.pause)
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def called(url: str) -> tuple[Any, list[str]]:
    """Call the tool; return its result, and the messages about its progress."""
    heard: list[str] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message or "")

    async with (
        streamable_http_client(f"{url}/mcp") as (read, write, *_),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        try:
            return await session.call_tool("f", {}, progress_callback=note), heard
        except MCPError as error:  # outside of the session it would be one of a group
            return error, heard


@pytest.mark.parametrize(("text", "words"), [(TEXT, WORDS), (CLEAN, CLEAN)])
async def test_a_result_is_redacted_wherever_it_is_said(text, words):
    with served(Server(text)) as url:
        result, heard = await called(url)

    assert result.content[0].text == words
    assert result.structured_content == {"said": words}
    assert heard == [words]


@pytest.mark.parametrize(
    ("server", "guards", "reason"),
    [
        (Server(CLEAN, fails=True), None, "upstream"),
        (Server(TEXT), [PII(actions={"CREDIT_CARD": "block"})], "policy"),
    ],
    ids=["failed", "blocked"],
)
async def test_a_problem_raises_the_clients_own(server, guards, reason):
    with served(server, guards=guards) as url:
        error, heard = await called(url)

    assert isinstance(error, MCPError)
    assert reason in error.error.message
    assert SECRETS[1] not in str((error.error, heard))


async def test_heartbeats_change_nothing():
    with served(Server(CLEAN, pause=0.1), policy=Policy(heartbeat=0.03)) as url:
        result, heard = await called(url)

    assert result.content[0].text == CLEAN
    assert heard == [CLEAN]
