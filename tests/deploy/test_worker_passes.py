"""What the Worker asks of its origin, what it leaves alone, and how it carries the rest."""

from __future__ import annotations

import gzip

import httpx
import openai
import pytest
from support.servers import free_port, running
from support.worker import node, serving
from support.worker.origin import Answer
from support.worker.said import CHAT, WHOLE_CHAT, chunk, say

from streamward.wire import DIALECTS, NDJSON, SSE, Problem
from streamward.wire.errors import UpstreamError


@pytest.fixture(scope="module")
def direct(worker, origin):
    """The same, with nothing between the Worker and the application."""
    with running(origin) as upstream, serving(worker, ORIGIN=upstream) as front:
        yield front.plain


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer((b'{"error":{}}',), status=500, headers={"content-type": "application/json"}), ""),
        (Answer((chunk("x"),), status=429), ""),
        (Answer((b'{"id":1}',), headers={"content-type": "application/json"}), ""),
        (Answer((b"text",), headers={"content-type": "text/plain"}), ""),
        (Answer(status=204, headers={}), ""),
        (Answer(status=307, headers={"location": "https://elsewhere.test/"}), ""),
        (Answer((b"one, ", b"two"), headers={"content-type": "text/event-stream"}), "raw"),
    ],
    ids=["error", "refused", "json", "text", "nothing", "elsewhere", "unknown"],
)
def test_what_is_no_stream_that_it_knows_passes_as_it_is(direct, origin, answer, kind):
    origin.answers[CHAT] = answer
    if kind == "raw":
        origin.answers[CHAT] = Answer((b"data: one\n\ndata: two",))
    body = b"".join(piece for piece in origin.answers[CHAT].pieces if piece)

    response = httpx.post(direct + CHAT, content=b"prompt")

    assert (response.status_code, response.content) == (answer.status, body)
    assert origin.asked[-1].body == b"prompt"
    assert response.headers.get("location") == answer.headers.get("location")


def test_it_asks_for_identity_and_for_nothing_kept(direct, origin):
    origin.answers[CHAT] = Answer(WHOLE_CHAT)
    httpx.post(f"{direct}{CHAT}?a=b%2Fc", headers={"authorization": "Bearer t"})

    asked = origin.asked[-1]
    assert (asked.method, asked.path, asked.query) == ("POST", CHAT, "a=b%2Fc")
    assert asked.headers["accept-encoding"] == "identity"
    assert asked.headers["authorization"] == "Bearer t"
    assert "no-cache" in asked.headers["cache-control"]


def test_what_comes_compressed_all_the_same_passes_as_it_is(direct, origin):
    packed = gzip.compress(WHOLE_CHAT[0])
    kind = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    origin.answers[CHAT] = Answer((packed,), headers=kind)
    with httpx.stream("POST", direct + CHAT, headers={"accept-encoding": "gzip"}) as response:
        assert b"".join(response.iter_raw()) == packed


def test_a_head_has_no_body(direct, origin):
    origin.answers[CHAT] = Answer(())
    response = httpx.head(direct + CHAT)

    assert (response.status_code, response.content) == (200, b"")


def test_other_paths_are_only_passed_on(direct, origin):
    origin.answers["/other"] = Answer(WHOLE_CHAT[:1])

    assert httpx.post(f"{direct}/other").content == WHOLE_CHAT[0]
    assert origin.asked[-1].headers["accept-encoding"] != "identity"


def test_no_path_leads_to_another_host(direct, origin):
    httpx.post(f"{direct}//elsewhere.test/v1/x")

    assert origin.asked[-1].path == "//elsewhere.test/v1/x"


def test_an_origin_that_does_not_answer_is_a_502(worker):
    with serving(worker, ORIGIN=f"http://127.0.0.1:{free_port()}") as front:
        response = httpx.post(front.plain + CHAT)
        with pytest.raises(openai.InternalServerError) as raised:
            next(say(front.plain))

    assert response.status_code == 502
    assert response.json()["error"]["code"] == "origin_unreachable"
    assert raised.value.code == "origin_unreachable"


def test_it_reads_as_fast_as_the_client_does_and_leaves_no_timer(worker):
    seen = node(worker, "carried.mjs", {})

    assert seen["read before anybody asked"] == 0
    assert seen["read after one piece was taken"] == 1
    assert seen["timers at the end"] == 0
    assert seen["cancelled"] == "left"
    assert seen["broken with an end"] == "told"
    assert seen["broken without one"] == "cut"


@pytest.mark.parametrize(
    "row",
    [row for row in DIALECTS if row.framing in (SSE, NDJSON) and (row.paths or row.header)],
    ids=lambda row: row.name,
)
def test_an_answer_that_never_begins_is_told_by_its_path(direct, origin, row):
    path = f"/v1/m{row.paths[0] if row.paths else '/chat'}"
    kind = "text/event-stream" if row.framing is SSE else "application/x-ndjson"
    vendor = dict([row.header]) if row.header else {}
    origin.answers[path] = Answer((b"\n",), headers={"content-type": kind, **vendor})

    said = Problem(UpstreamError.code, UpstreamError.public_message)

    assert httpx.post(direct + path).content == b"\n" + row.reader().error(said)
