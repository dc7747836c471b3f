"""Each of ``examples/frameworks`` under the servers that people run it with, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from support.servers import served
from support.steered import PAIRS, Story

ENDS_A_BROKEN_ANSWER_AS_IF_WHOLE = {"granian-wsgi", "daphne"}
NEEDS_NO_CUT = {"daphne"}


class Example:
    """An example that is served, and the story that it tells."""

    def __init__(self, url: str, server: str, story: Story) -> None:
        self.url = f"{url}/story"
        self.server = server
        self.story = story

    def stream(self, script: str):
        self.story.ask_for(script)
        return httpx.stream("GET", self.url, timeout=30)


@pytest.fixture(params=PAIRS, ids=["-".join(pair) for pair in PAIRS], scope="module")
def example(request, tmp_path_factory) -> Iterator[Example]:
    name, server = request.param
    folder = tmp_path_factory.mktemp(name)
    env = {"EXAMPLE": name, **({"UNCUT": "1"} if server in NEEDS_NO_CUT else {})}
    with served(server, "support.steered:app", folder=folder, env=env) as url:
        yield Example(url, server, Story(folder))


def test_the_stream_is_edited(example):
    with example.stream("edited") as answer:
        body = answer.read().decode()

    assert answer.status_code == 200
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-length" not in answer.headers
    assert "Her mail is " in body
    assert "<EMAIL_ADDRESS>" in body
    assert "example.com" not in body


def test_a_failure_in_the_middle_is_told(example):
    got: list[bytes] = []
    cut = False
    with example.stream("fails") as answer:
        try:
            got.extend(answer.iter_raw())
        except httpx.TransportError:
            cut = True
    body = b"".join(got)

    assert b'"code":"upstream_error"' in body
    assert b"secret reason" not in body
    assert cut == (example.server not in ENDS_A_BROKEN_ANSWER_AS_IF_WHOLE)


def test_a_silent_application_gets_signs_of_life(example):
    body = b""
    with example.stream("silent") as answer:
        for piece in answer.iter_raw():
            body += piece
            if b"\n\n\n" in b"\n\n" + body:  # a line that ends no frame
                example.story.note("go-on")

    assert b"<EMAIL_ADDRESS>" in body
    assert body.endswith(b"\n\n")


def test_a_client_that_leaves_stops_the_application(example):
    with example.stream("endless") as answer:
        pieces = answer.iter_raw()
        assert any(b"word " in piece for piece in pieces)
        assert not example.story.noted("closed")

    end = time.monotonic() + 20
    while not example.story.noted("closed"):
        assert time.monotonic() < end
        time.sleep(0.01)
