"""A dialect of one's own in a few lines, and what they mean."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support.asgi import ask, scope_of
from support.streams import ScriptedApp

sys.path.insert(0, str(Path(__file__).parent))

from vector import PIECES, sse
from word_guard import BLOCKING, EDITING, FINDING_NOTHING

from streamward import Limits, Policy, Report, Streamward
from streamward.errors import ConfigurationError, UnreadableFrameError
from streamward.guardrails import Guard
from streamward.middleware.pipeline import Pipeline
from streamward.middleware.policy import Routes
from streamward.wire import (
    CODE,
    NDJSON,
    SENTENCE,
    SSE,
    Closes,
    Description,
    Dialect,
    Hides,
    Problem,
    Says,
    Text,
    Usage,
    Writes,
)
from streamward.wire.place import Mark, Place

PARROT = Description(
    name="parrot",
    claims=("kind=say|bye|squawk",),
    says=(Says(at="words", key=("bird",), when="kind=say"),),
    closes=(Closes(when="kind=hush", key=("bird",)),),
    done="kind=bye",
    fails="kind=squawk",
    finish="why",
    good=("tired",),
    usage=("eaten.seeds", "eaten.nuts"),
    error=(Writes(value={"kind": "squawk", "code": CODE, "why": [SENTENCE]}),),
    refusal=(Writes(value={"kind": "bye", "why": "refusal"}), Writes(value=b"[DONE]")),
    hides=(Hides(at="feathers", empty=[]),),
    repeats=("said",),
    alone=("ring",),
)


def say(words: str, bird: str = "polly", **more: Any) -> dict[str, Any]:
    return {"kind": "say", "words": words, "bird": bird, **more}


def hush(bird: str) -> dict[str, Any]:
    return {"kind": "hush", "bird": bird}


def piped(body: bytes, guard: Guard, *rows: Dialect) -> tuple[bytes, Pipeline]:
    own = rows or (PARROT.dialect(),)
    pipeline = Pipeline(SSE, headers={}, path="/", guards=[guard], limits=Limits(), dialects=own)
    out = b"".join(b"".join(pipeline.feed(body[i : i + 7])) for i in range(0, len(body), 7))
    return out + b"".join(pipeline.finish()), pipeline


def values(body: bytes) -> list[Any]:
    return [json.loads(block[6:]) for block in body.decode().split("\n\n") if "{" in block]


BYE = {"kind": "bye", "why": "tired", "eaten": {"seeds": 3, "nuts": 4}}


def test_a_text_is_joined_over_the_frames_of_its_key():
    words = [say(piece, bird) for piece in PIECES for bird in ("polly", "kiki")]

    out, pipeline = piped(sse(*words, BYE), EDITING)

    for bird in ("polly", "kiki"):
        heard = "".join(v["words"] for v in values(out) if v.get("bird") == bird)
        assert heard == "Call [GONE] at once or not"
    assert (pipeline.dialect, pipeline.usage) == ("parrot", Usage(3, 4))


def test_a_stream_without_findings_is_identical():
    body = sse(*map(say, PIECES), {"kind": "hush", "bird": "polly"}, BYE, "[DONE]")

    out, pipeline = piped(body, FINDING_NOTHING)

    assert out == body
    assert pipeline.complete


def test_what_no_rule_mentions_is_looked_at_and_identifiers_are_not():
    out, _ = piped(sse(say("a", note={"x": ["S3CRET-421"]}, ring="S3CRET-421"), BYE), EDITING)

    assert values(out)[0]["note"] == {"x": ["[GONE]"]}
    assert values(out)[0]["ring"] == "S3CRET-421"


def test_what_gives_a_text_away_goes_with_its_edit_and_stays_without():
    frames = (say("S3CRET-421 ", feathers=[1, 2]), say("fine ", feathers=[3]), BYE)

    out, _ = piped(sse(*frames), EDITING)

    assert [value.get("feathers") for value in values(out)] == [[], [3], None]


def test_a_repeated_text_is_not_counted_twice():
    _, pipeline = piped(sse(say("S3CRET-421"), {**BYE, "said": "S3CRET-421"}), EDITING)

    assert pipeline.findings == {"words.SECRET.edit": 1}


@pytest.mark.parametrize(
    ("frames", "complete", "early"),
    [
        ((say("a"), {"kind": "hush", "bird": "polly"}, BYE), True, set()),
        ((say("a"), BYE), False, set()),  # a bird that was not hushed
        ((say("a"), {"kind": "hush", "bird": "kiki"}, BYE), False, set()),
        ((say("a"), {"kind": "hush", "bird": "polly"}), False, set()),
        (({**BYE, "why": "length"},), False, {"length"}),
        (({"kind": "squawk"}, BYE), False, set()),
        (({"kind": "bye"},), False, set()),
    ],
)
def test_only_a_good_end_is_complete(frames, complete, early):
    _, pipeline = piped(sse(*frames), FINDING_NOTHING)

    assert (pipeline.complete, pipeline.early) == (complete, early)


def test_problems_and_refusals_are_written_as_described():
    reader = PARROT.dialect().reader()

    assert values(reader.error(Problem("code", "A sentence."))) == [
        {"kind": "squawk", "code": "code", "why": ["A sentence."]}
    ]
    _, pipeline = piped(sse(say("S3CRET-421 "), BYE), BLOCKING)
    assert pipeline.failure is not None
    ending = b"".join(pipeline.fail(pipeline.failure))
    assert ending == sse({"kind": "bye", "why": "refusal"}, "[DONE]")
    assert reader.refusal(Problem("c", "m")) == ending


def test_without_an_end_of_its_own_a_blocked_answer_is_an_error():
    row = Description(name="x", claims=("t",), says=(Says(at="t"),)).dialect()

    assert row.reader().refusal(Problem("c", "m")) is None


SO_FAR = Description(
    name="grows",
    claims=("all",),
    says=(Says(at="all", so_far=True),),
    done="over",
)


def test_a_text_that_is_said_from_its_beginning_never_shows_what_is_held():
    said = ["".join(PIECES[: n + 1]) for n in range(len(PIECES))]
    body = sse(*({"all": text} for text in said), {"over": True})
    pipeline = Pipeline(
        SSE, headers={}, path="", guards=[EDITING], limits=Limits(), dialects=(SO_FAR.dialect(),)
    )

    left = [b"".join(pipeline.feed(frame + b"\n\n")) for frame in body.split(b"\n\n")[:-1]]

    assert not any(b"S3C" in out or b"RET" in out for out in left)
    assert left[:2] == [b"", b""]  # each waits until all of it is decided
    heard = [value["all"] for value in values(b"".join(left)) if "all" in value]
    assert heard == [
        "Call [GONE]",
        "Call [GONE]",
        "Call [GONE] at once",
        "Call [GONE] at once or not",
    ]


def test_a_text_that_does_not_go_on_begins_anew():
    texts = ["one S3C", "two ", "two S3CRET-", "two S3CRET-421 x"]
    out, _ = piped(sse(*({"all": text} for text in texts), {"over": 1}), EDITING, SO_FAR.dialect())

    heard = [value["all"] for value in values(out) if "all" in value]
    assert heard == ["one S3C", "two ", "two [GONE]", "two [GONE] x"]


def test_a_growing_text_without_findings_is_identical():
    body = sse(*({"all": "ab cd ef"[:n]} for n in range(9)), {"over": 1})

    assert piped(body, FINDING_NOTHING, SO_FAR.dialect())[0] == body


def test_nothing_of_a_growing_text_follows_what_blocked_it():
    texts = ["fine S3C", "fine S3CRET-421", "fine S3CRET-421 more"]

    out, pipeline = piped(sse(*({"all": t} for t in texts)), BLOCKING, SO_FAR.dialect())

    assert b"S3C" not in out
    assert [value["all"] for value in values(out)] == ["fine "]
    assert pipeline.failure is not None


def test_voices_in_turn_end_each_other_once():
    row = Description(
        name="turns",
        claims=("t=*",),
        says=(Says(at="t"), Says(at="r", kind="reasoning")),
        in_turn=True,
    ).dialect()
    frames = [{"t": "", "r": "S3C"}, {"t": "RET-1 S3"}, {"t": "C"}, {"r": "x S3C"}, {"t": "RET"}]

    out, _ = piped(sse(*frames, {"r": "RET-421"}), EDITING, row)

    assert [value.get("r") for value in values(out)] == ["S3C", None, None, "x [GONE]", None, ""]


def test_after_an_end_voices_take_turns_anew():
    row = Description(
        name="turns",
        claims=("t=*",),
        says=(Says(at="t"), Says(at="r", kind="reasoning")),
        closes=(Closes(when="over"),),
        in_turn=True,
    ).dialect()
    step = [{"t": "", "r": "think S3C"}, {"t": "RET-1 "}, {"t": "", "over": True}]

    out, pipeline = piped(sse(*step, *step), EDITING, row)

    assert [value["r"] for value in values(out) if value.get("r")] == ["think S3C"] * 2
    assert pipeline.complete


@pytest.mark.parametrize("text", ["a b", "a..b", "[", "a.[]b", "a[0]", "a=b", ".a"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(ConfigurationError, match="no place"):
        Description(name="x", claims=("a",), says=(Says(at=text),))


@pytest.mark.parametrize(
    "settings", [{"name": ""}, {"claims": ()}, {"done": "a &"}, {"cut": False}]
)
def test_what_cannot_work_is_refused(settings):
    with pytest.raises(ConfigurationError):
        Description(**{"name": "x", "claims": ("a",), "says": (), **settings})


def test_places_are_found_and_bound():
    value = {"a": [{"b": [1, 2]}, {"c": 0}, {"b": [3]}], "n": [7, 8, 9]}

    assert list(Place("a[].b[]").find(value)) == [
        (("a", 0, "b", 0), 1),
        (("a", 0, "b", 1), 2),
        (("a", 2, "b", 0), 3),
    ]
    assert Place("n[]").at(value, (2, 0)) == 9
    assert list(Place("").find(5)) == [((), 5)]


@pytest.mark.parametrize(
    ("mark", "holds"),
    [
        ("", True),
        ("a", True),
        ("b", False),
        ("b=*", True),
        ("missing=*", False),
        ("missing!=*", True),
        ("b=null", True),
        ("c=true|x", True),
        ("n=5", True),
        ("a=x|y", True),
        ("a!=y", False),
        ("l[]=2", True),
        ("l[]!=3", True),
        ("o=*", True),
        ("o=x", False),
        ("@event=e", True),
        ("@data!=[DONE]", True),
        ("a=y & @event", True),
        ("a=y & b", False),
    ],
)
def test_marks(mark, holds):
    value = {"a": "y", "b": None, "c": True, "n": 5, "l": [1, 2], "o": {}}
    (frame,) = SSE.framer(1000).feed(SSE.build(json.dumps(value).encode(), "e"))

    assert Mark(mark).holds(frame, value) is holds


def test_words_between_the_frames_are_looked_at_and_broken_ones_refused():
    out, _ = piped(sse(say("a "), "keepalive S3CRET-421", BYE), EDITING)
    assert b"keepalive [GONE]" in out

    _, pipeline = piped(sse(say("a "), "{"), EDITING)
    assert isinstance(pipeline.failure, UnreadableFrameError)


def test_too_many_channels_are_refused():
    frames = [say("a", str(n)) for n in range(1100)]

    _, pipeline = piped(sse(*frames), EDITING)

    assert isinstance(pipeline.failure, UnreadableFrameError)


def test_channels_that_were_closed_do_not_count():
    frames = [one for n in range(1100) for one in (say("a ", str(n)), hush(str(n)))]

    _, pipeline = piped(sse(*frames, BYE), EDITING)

    assert pipeline.complete


def test_other_framings_do_not_ask_it():
    pipeline = Pipeline(
        NDJSON, headers={}, path="", guards=(), limits=Limits(), dialects=(PARROT.dialect(),)
    )
    pipeline.feed(json.dumps(say("a")).encode() + b"\n")

    assert pipeline.dialect == "unknown_ndjson"


def test_a_route_has_its_own_dialects_and_they_are_part_of_its_rules():
    one = Policy(dialects=(PARROT.dialect(),))
    same = Policy(dialects=[PARROT.dialect()])
    other = Policy(dialects=(SO_FAR.dialect(),))

    prints = {
        name: Routes({}, policy, ()).find("/")[2]
        for name, policy in (("one", one), ("same", same), ("other", other), ("none", Policy()))
    }

    assert prints["one"] == prints["same"]
    assert len(set(prints.values())) == 3


@pytest.mark.parametrize("dialects", [PARROT.dialect(), [PARROT], ["parrot"]])
def test_rows_of_a_policy_are_rows(dialects):
    with pytest.raises(ConfigurationError, match="takes rows"):
        Policy(dialects=dialects)


async def test_it_serves_behind_the_door():
    reports: list[Report] = []
    app = ScriptedApp([sse(say(piece)) for piece in PIECES] + [RuntimeError("internal")])
    policy = Policy(dialects=(PARROT.dialect(),))

    answer = await ask(
        Streamward(app, guards=[EDITING], policy=policy, on_report=reports.append), scope_of("/")
    )

    assert b"S3C" not in answer.body
    assert values(answer.body)[-1]["code"] == "upstream_error"
    assert reports[0].dialect == "parrot"


def test_a_described_text_is_a_text():
    (frame,) = SSE.framer(1000).feed(sse(say("a")))

    (step,) = PARROT.dialect().reader().read(frame)[:1]

    assert isinstance(step, Text)
    assert step.path == ("words",)
