"""An error answers the JSON-RPC call that was asked: it bears the same id."""

from __future__ import annotations

import json

import pytest
from support.asgi import ask, scope_of
from support.streams import ScriptedApp

from streamward import Streamward

ACCEPT = {"accept": "application/json, text/event-stream"}
BEGUN = b'data: {"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"}}\n\n'


def called(**members: object) -> bytes:
    return json.dumps({"method": "m", "params": {"id": 9}, "jsonrpc": "2.0", **members}).encode()


class Reading:
    """Reads the request, and breaks in mid-answer."""

    def __init__(self) -> None:
        self._app = ScriptedApp([BEGUN, RuntimeError("mine")])

    async def __call__(self, scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await self._app(scope, receive, send)


async def told(body: bytes, headers: dict[str, str]) -> object:
    answer = await ask(Streamward(Reading()), scope_of("/mcp", headers=headers), body=body)
    *_, error, _ = answer.body.split(b"\n\n")
    value = json.loads(error.partition(b"data: ")[2])
    assert value["error"]["data"] == {"code": "upstream_error"}
    return value["id"]


@pytest.mark.parametrize("name", [7, "seven", -1])
async def test_an_error_bears_the_id_of_the_call(name):
    assert await told(called(id=name), ACCEPT) == name


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b'"\xff',
        b"[]",
        b'{"id":7}',
        called(),
        called(id=None),
        called(id=[7]),
        called(id=7, padding="x" * (1 << 20)),
    ],
    ids=["empty", "words", "bytes", "list", "no-rpc", "no-id", "null", "id-list", "over-1-mib"],
)
async def test_what_is_no_call_has_no_id(body):
    assert await told(body, ACCEPT) == 0


async def test_who_asks_for_no_stream_is_not_looked_at():
    assert await told(called(id=7), {"accept": "application/json"}) == 0
