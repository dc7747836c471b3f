"""The echo does what it is asked for, within bounds, and stops when nobody reads any more."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import ask, scope_of

from streamward.doctor import Echo
from streamward.doctor.echo import TOLD, EchoDiedError
from streamward.doctor.wish import MAX_FRAMES, MAX_PACE, MAX_SILENCE, MAX_SIZE, Wish
from streamward.errors import ConfigurationError

WISHES = st.builds(
    Wish,
    probe=st.text(max_size=64),
    frames=st.integers(1, MAX_FRAMES),
    pace=st.floats(0, MAX_PACE),
    size=st.integers(0, MAX_SIZE),
    guarded=st.booleans(),
    silence=st.floats(0, MAX_SILENCE),
    dies_at=st.integers(-1, 300),
    dies_until=st.floats(0, 1e10),
)


@given(WISHES)
def test_a_wish_is_read_as_it_was_written(wish):
    assert Wish.read(wish.query()) == wish


def test_a_query_may_hold_more_than_the_wish():
    assert Wish.read("key=1&frames=7&other") == Wish(frames=7)


@pytest.mark.parametrize(
    "query",
    [
        "frames=0", f"frames={MAX_FRAMES + 1}", "frames=x", "pace=-1", "pace=nan", "pace=6", "size=-1",
        f"size={MAX_SIZE + 1}", f"silence={MAX_SILENCE + 1}", "probe=" + 65 * "x", "guarded=maybe", 40 * "a=1&",
    ],
)  # fmt: skip
async def test_a_wish_outside_of_its_limits_is_refused(query):
    with pytest.raises(ConfigurationError):
        Wish.read(query)

    answer = await ask(Echo(), echo_scope(query))
    assert (answer.status, answer.body) == (400, b"")


def echo_scope(query: str = "", **headers: str) -> dict:
    return {**scope_of("/", headers=headers), "query_string": query.encode()}


def frames_of(body: bytes) -> list[dict]:
    blocks = [block.removeprefix(b"data: ") for block in body.split(b"\n\n") if block]
    assert blocks[-1] == b"[DONE]"
    return [json.loads(block) for block in blocks[:-1]]


async def test_frames_are_numbered_and_as_large_as_wished():
    answer = await ask(Echo(), echo_scope("frames=4&pace=0&size=100"))
    frames = frames_of(answer.body)

    assert [frame["n"] for frame in frames] == [0, 1, 2, 3]
    assert {len(frame["pad"]) for frame in frames} == {100}
    assert frames[0]["t"] <= frames[-1]["t"]
    assert "x-accel-buffering" not in answer.headers


async def test_it_tells_names_of_headers_and_few_values():
    answer = await ask(Echo(), echo_scope("pace=0", via="1.1 proxy", authorization="Bearer secret"))
    seen = frames_of(answer.body)[0]["seen"]

    assert {"via", "authorization"} <= set(seen["names"])
    assert seen["values"] == {"via": "1.1 proxy"}
    assert b"secret" not in answer.body
    assert "authorization" not in TOLD


async def test_calls_of_a_probe_are_counted_and_answers_differ():
    echo = Echo()
    answers = [await ask(echo, echo_scope(f"pace=0&probe={name}")) for name in "aab"]
    seen = [frames_of(answer.body)[0]["seen"] for answer in answers]

    assert [one["call"] for one in seen] == [1, 2, 1]
    assert len({one["nonce"] for one in seen}) == 3


async def test_what_is_remembered_of_probes_is_bounded():
    echo = Echo()
    for number in range(1100):
        await ask(echo, echo_scope(f"pace=0&frames=1&probe={number}"))

    assert len(echo._calls) == 1000


async def test_it_dies_when_wished():
    answer = await ask(Echo(), echo_scope("frames=6&pace=0&dies_at=3"))

    assert isinstance(answer.raised, EchoDiedError)
    assert answer.body.count(b"data: ") == 3


async def test_it_breaks_who_comes_before_a_moment_and_answers_who_comes_after(monkeypatch):
    monkeypatch.setattr("streamward.doctor.echo._PATIENCE", 0.0)
    broken: list[object] = []
    echo = Echo(abort=lambda scope: broken.append(scope["path"]))

    early = await ask(echo, echo_scope("frames=1&dies_until=9e9"))
    late = await ask(echo, echo_scope("frames=1&dies_until=1e9"))

    assert (early.messages, broken) == ([], ["/"])
    assert isinstance(early.raised, EchoDiedError)
    assert late.status == 200


async def test_it_stops_when_nobody_reads_any_more():
    sent: list[object] = []
    messages = [{"type": "http.request"}, {"type": "http.disconnect"}]

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    await asyncio.wait_for(Echo()(echo_scope("frames=200&pace=5"), receive, send), 5)

    assert len(sent) <= 2


async def test_the_headers_of_a_stream_are_sent_when_wished():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Echo())) as client:
        guarded = await client.get("http://echo/", params={"guarded": 1, "frames": 1})

    assert guarded.headers["x-accel-buffering"] == "no"
    assert guarded.headers["cache-control"] == "no-store, no-transform"


def test_a_default_is_left_out_of_the_query():
    assert Wish().query() == ""
    assert {field.name for field in dataclasses.fields(Wish)} >= {"frames", "dies_until"}
