"""Every dialect, through the Worker's own sources: what is whole stays, what breaks off says so."""

from __future__ import annotations

import random
import re
import sys
from base64 import b64decode, b64encode
from dataclasses import replace

import pytest
from support.programs import ROOT
from support.worker import node

sys.path.insert(0, str(ROOT / "tests/wire"))

from wire_vectors import VECTORS

from streamward.deploy.worker import worker_table
from streamward.wire import DIALECTS, MAX_FRAME, NDJSON, SSE, Problem
from streamward.wire.errors import UpstreamError
from streamward.wire.json_codec import loads
from streamward.wire.place import Mark

CUT = [vector for vector in VECTORS if vector.framing in (SSE, NDJSON)]
ROWS = {dialect.name: dialect for dialect in DIALECTS}
# Where only the transfer ends, nobody can tell a whole answer from half of one.
ENDLESS = {name for name, row in ROWS.items() if not row.signs.ends}
# Without ids: with them, some are resumed.
WHOLE = [
    replace(vector, body=re.sub(rb"(?m)^id:.*\n", b"", vector.body))
    for vector in CUT
    if vector.complete and vector.dialect not in ENDLESS
]


@pytest.fixture(scope="module")
def watched(worker):
    """Let streams through: each a vector and its chunks; return the bodies and whether it said so."""

    def watched(streams, *, beats=False):
        given = [
            {
                "path": vector.path or "/v1/stream",
                "method": "POST",
                "headers": {"content-type": vector.content_type, **vector.headers},
                "chunks": [b64encode(chunk).decode() for chunk in chunks],
                "beats": beats,
            }
            for vector, chunks in streams
        ]
        return [
            (b64decode(one["body"]), one["saysSo"]) for one in node(worker, "watched.mjs", given)
        ]

    return watched


def frames_of(vector, body):
    framer = vector.framing.framer(MAX_FRAME)
    return [*framer.feed(body), *framer.finish()]


def told(vector, body):
    """Return what a client gets: the payloads and events."""
    return [
        (frame.event, frame.data) for frame in frames_of(vector, body) if frame.data is not None
    ]


def error_of(name):
    said = Problem(UpstreamError.code, UpstreamError.public_message)
    return ROWS[name].reader().error(said)


def bytewise(body):
    return [body[at : at + 1] for at in range(len(body))]


def anyhow(body, seed):
    draw = random.Random(seed)
    cuts = sorted(draw.randrange(len(body) + 1) for _ in range(1 + len(body) // 40))
    return [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


def until_the_end(vector):
    """Return the frames before the first with which the answer may end, and that frame."""
    mark = Mark(ROWS[vector.dialect].signs.ends)
    before = []
    for frame in frames_of(vector, vector.body):
        try:
            value = loads(frame.data or b"")
        except UpstreamError:
            value = None
        if (frame.data is not None or frame.event) and mark.holds(frame, value):
            return before, frame
        before.append(frame)
    raise AssertionError(vector.name)


def test_the_table_is_as_the_rows_are():
    shipped = ROOT / "deploy/cloudflare/worker/src/dialects.json"

    assert shipped.read_text() == worker_table()


def test_the_table_uses_of_marks_only_what_the_worker_reads():
    """A star for the rest of a word, no other pattern; and no word that needs a Python number."""
    rows = [row for row in DIALECTS if row.framing in (SSE, NDJSON)]
    marks = ";".join(";".join((*row.signs.claims, row.signs.ends)) for row in rows)
    words = [
        word
        for test in marks.replace("&", ";").split(";")
        for word in test.partition("=")[2].split("|")
    ]

    assert all(word.count("*") < 2 and "?" not in word for word in words)
    assert {word for word in words if "[" in word} == {"[DONE]"}


@pytest.mark.parametrize("seed", ["whole", "bytewise", 1, 2])
def test_a_stream_that_ends_as_it_should_stays_byte_for_byte(watched, seed):
    ended = [v for v in CUT if v.complete or v.early or v.failed or v.dialect in ENDLESS]
    cut = {"whole": lambda body: [body], "bytewise": bytewise}.get(
        seed, lambda body: anyhow(body, seed)
    )
    for vector, (body, says_so) in zip(
        ended, watched([(vector, cut(vector.body)) for vector in ended]), strict=True
    ):
        assert (body, says_so) == (vector.body, False), (vector.dialect, vector.name)
    assert {vector.dialect for vector in ended} >= {
        row.name for row in DIALECTS if row.framing in (SSE, NDJSON)
    }


def test_each_dialect_that_has_an_end_is_cut_here():
    assert {vector.dialect for vector in WHOLE} == {
        row.name for row in DIALECTS if row.framing in (SSE, NDJSON) and row.signs.ends
    }


def test_a_stream_that_its_clients_resume_is_left_as_it_is(watched):
    """MCP and LangGraph ask again with the last id; an error would tell them to give up."""
    resumed = [v for v in CUT if ROWS[v.dialect].signs.resumes and b"\nid:" in b"\n" + v.body]
    streams = []
    for vector in resumed:
        first = next(frame for frame in frames_of(vector, vector.body) if b"id:" in frame.raw)
        streams.append((vector, [first.raw, vector.body[len(first.raw) : -20]]))

    assert {vector.dialect for vector in resumed} == {"mcp", "langgraph"}
    for (_, chunks), (body, says_so) in zip(streams, watched(streams), strict=True):
        assert (body, says_so) == (b"".join(chunks), False)


def test_a_stream_that_stops_before_its_end_gets_the_error_of_its_dialect(watched):
    streams = []
    for vector in WHOLE:
        before, _ = until_the_end(vector)
        streams.append((vector, bytewise(b"".join(frame.raw for frame in before))))
    for (vector, chunks), (body, says_so) in zip(streams, watched(streams), strict=True):
        if any(frame.data for frame in frames_of(vector, b"".join(chunks))):
            assert says_so, (vector.dialect, vector.name)
            assert told(vector, body) == told(vector, b"".join(chunks)) + told(
                vector, error_of(vector.dialect)
            )


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_torn_frame_is_no_part_of_the_error(watched, part):
    """Clients see the frames before it, at most whole lines of the torn one, and then the error."""
    streams = []
    for vector in WHOLE:
        before, last = until_the_end(vector)
        if not any(frame.data for frame in before):
            continue
        torn = last.raw[: max(1, int(len(last.raw.rstrip(b"\r\n")) * part))]
        streams.append(
            (vector, anyhow(b"".join(frame.raw for frame in before) + torn, vector.name))
        )
    for (vector, _), (body, says_so) in zip(streams, watched(streams), strict=True):
        assert says_so, (vector.dialect, vector.name)
        whole, _ = until_the_end(vector)
        seen = told(vector, body)
        assert seen[: -len(told(vector, error_of(vector.dialect)))] == told(
            vector, b"".join(frame.raw for frame in whole)
        )
        assert [data for _, data in seen][-1] == told(vector, error_of(vector.dialect))[-1][1]


def test_wherever_a_frame_is_torn_the_error_stays_whole(watched):
    """At every byte of the last frame, for each dialect, with its own line ends and with others."""
    streams = []
    for vector in {one.dialect: one for one in WHOLE}.values():
        for ending in (b"\n", b"\r\n", b"\r")[: 3 if vector.framing is SSE else 2]:
            raw = re.sub(rb"\r\n|\n|\r", ending, vector.body)
            other = replace(vector, body=raw)
            before, last = until_the_end(other)
            start = b"".join(frame.raw for frame in before)
            torn = [last.raw[:end] for end in range(0, len(last.raw.rstrip(b"\r\n")), 3)]
            streams += [(other, [start, piece]) for piece in torn if before]
    for (vector, _), (body, says_so) in zip(streams, watched(streams), strict=True):
        said = told(vector, error_of(vector.dialect))
        assert says_so, (vector.dialect, vector.name)
        assert [data for _, data in told(vector, body)][-len(said) :] == [data for _, data in said]


def test_behind_a_frame_too_large_to_read_nothing_is_appended(watched):
    """It may have been the end: the last event of some dialects says the whole answer again."""
    large = b'data: {"type":"response.completed","response":"%s"}\n\n' % (b"x" * 2_000_000)
    vector = next(one for one in WHOLE if one.dialect == "openai_responses")
    first = frames_of(vector, vector.body)[0].raw
    ways = [
        [first, large],
        [first, large, b": ping\n\n"],
        [first, large[:-2]],
        [first, large, first],
    ]

    results = watched([(vector, way) for way in ways])

    assert [says_so for _, says_so in results] == [False, False, False, True]
    assert [body for body, _ in results[:3]] == [b"".join(way) for way in ways[:3]]


def test_a_long_line_does_not_wait_for_its_end_and_is_closed_before_the_error(watched):
    vector = next(one for one in WHOLE if one.dialect == "openai_chat")
    first = frames_of(vector, vector.body)[0].raw
    long = [first, b'data: {"choices":[', *[b"1," * 5_000] * 20]

    ((body, says_so),) = watched([(vector, long)])

    assert says_so
    assert b"".join(long).startswith(body.removesuffix(b"\n\n" + error_of("openai_chat")))
    assert len(body) > 190_000 - 65_536


def test_signs_of_life_stand_between_frames_only(watched):
    """One at each place that is said to be free changes nothing that a client gets."""
    streams = [(vector, bytewise(vector.body)) for vector in CUT]
    beaten = 0
    for (vector, _), (body, says_so) in zip(streams, watched(streams, beats=True), strict=True):
        row = ROWS[vector.dialect]
        end = body.rindex(error_of(vector.dialect)) if says_so else len(body)
        ours = told(vector, row.heartbeat)
        assert [one for one in told(vector, body[:end]) if one not in ours] == [
            one for one in told(vector, vector.body) if one not in ours
        ], (vector.dialect, vector.name)
        beaten += end > len(vector.body)
    assert beaten > len(streams) / 2
