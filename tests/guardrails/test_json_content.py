"""JSON that a model answers with: what parsed before parses after, nothing else changes its type."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.guard import WordGuard
from support.json_values import decoded, parsed, same_shape
from support.secrets import cuts, pieces

from streamward.guardrails import PII, Block, Flag, Guard, Mask, Pattern, Replace, Ward
from streamward.guardrails.channel import _BIT, ChannelText
from streamward.guardrails.panel import Panel
from streamward.wire import NDJSON, Edit, Frame, Whole, dumps

SECRET = "S3CRET-421"
CARD = 4111111111111111
FOUND = re.compile(r"S3CRET-[0-9]+|4[01]{15}")
# One that takes structure along wherever only structure stands between two of them.
CHAINED = r"(?:S3CRET-[0-9]+|4[01]{15})(?:[\s{}\[\]:,\"]{1,16}(?:S3CRET-[0-9]+|4[01]{15}))*"
QUOTED = Replace('a "quoted\\"\n{entity}')
GUARDS = [Pattern("one", FOUND.pattern, action=QUOTED), Pattern("row", CHAINED, action=QUOTED)]

TEXTS = st.sampled_from(
    [
        SECRET,
        f"to {SECRET} or",
        str(CARD),
        '"',
        "\\",
        "é\U0001f600",
        "\U0001f600" + SECRET,
        "",
        "a\n",
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.sampled_from([CARD, -CARD, 4.1e15, 0.5, float(CARD)]) | TEXTS
) | st.integers()
NAMES = TEXTS | st.sampled_from(["a", "card", "é"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4) | st.lists(VALUES, max_size=4)
FAULTS = st.text(st.sampled_from('{}[]":,\\u12d8e0tfn -.x\ud83d\ude00\n'), max_size=6)


def guarded(parts: Sequence[str], guard: Guard) -> str:
    """Return what the pieces of a content channel become."""
    channel = ChannelText("text", Panel([guard]))
    taken = [channel.add(piece)[0] for piece in parts]
    channel.close()
    rendered = [(channel.render(part), part.text) for part in taken]
    return "".join(text if new is None else new for new, text in rendered)


@st.composite
def written(draw: st.DrawFn) -> str:
    """Draw the text of a document, in any of the ways that a model writes one."""
    indent, escaped = draw(st.sampled_from([None, None, 1])), draw(st.booleans())
    text = json.dumps(draw(DOCUMENTS), indent=indent, ensure_ascii=escaped)
    return draw(st.sampled_from(["", " \n"])) + text


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
@given(text=written(), data=st.data())
def test_what_parsed_before_parses_after(guard, text, data):
    before = parsed(text)

    after = guarded(pieces(text, data.draw(cuts(len(text), 12))), guard)

    new = parsed(after)
    assert same_shape(before, new, FOUND)
    assert not FOUND.search(decoded(new))
    assert after == guarded([text], guard)
    if not FOUND.search(decoded(before)):
        assert after == text


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
@given(text=written(), fault=FAULTS, data=st.data())
def test_what_never_parsed_hides_its_secrets_all_the_same(guard, text, fault, data):
    at = data.draw(st.integers(0, len(text)))
    broken = text[:at] + fault + text[at + data.draw(st.integers(0, 3)) :]

    after = guarded(pieces(broken, data.draw(cuts(len(broken), 12))), guard)

    assert after == guarded([broken], guard)
    assert not FOUND.search(after)


@given(text=written(), data=st.data())
def test_a_repeated_text_becomes_what_the_stream_became(text, data):
    payload = {"text": text}
    raw = dumps(payload)
    ward = Ward([GUARDS[0]], NDJSON)

    out = b"".join(ward.feed(Frame(raw + b"\n", raw), [Whole(("text",), text)]))

    streamed = guarded(pieces(text, data.draw(cuts(len(text), 12))), GUARDS[0])
    assert json.loads(out)["text"] == streamed


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (f'{{"a": {CARD}}}', '{"a": 0}'),
        (f'{{"a": {CARD}.25 }}', '{"a": 0.0 }'),
        ('{"a": 4.111111111111111E+15, "b": 4e0}', '{"a": 0.0, "b": 4e0}'),
        ('["S3CRET-1","S3CRET-2", 3]', '["<ROW>","", 3]'),
        (f'[{CARD}, "S3CRET-2" ]', '[0, "<ROW>" ]'),
        ('{"S3CRET-1": "S3CRET-2", "S3CRET-3": 1}', '{"<ROW>": "", "<ROW>_2": 1}'),
        ('{"S3CRET-1": 1, "S3CRET-2": 2}', '{"<ROW>": 1, "<ROW>_2": 2}'),
        ('{"S3CRET-1": 1, "S3CRET-2": {"S3CRET-3": 2}}', '{"<ROW>": 1, "<ROW>_2": {"<ROW>": 2}}'),
        ('{"a": [{"S3CRET-1": 1}, 5], "S3CRET-2": 2}', '{"a": [{"<ROW>": 1}, 5], "<ROW>": 2}'),
        ('{"a":"S3CRET\\u002d12"}', '{"a":"<ROW>"}'),
        ('{"a":"S3CRET\\\\u002d12"}', '{"a":"S3CRET\\\\u002d12"}'),
        ('{"a":"\\ud83d\\ude00S3CRET-1\\u12"}', '{"a":"\\ud83d\\ude00<ROW>\\u12"}'),
        ('{"a":"S3C\\u200bRET-1 "}', '{"a":"<ROW> "}'),
        ("a S3CRET\\u002d1 ", "a S3CRET\\u002d1 "),
        ("{\\", "{\\"),
        ("[4000000000000000", "[<ROW>"),
        ('["S3CRET-1","","S3CRET-2"]', '["<ROW>","",""]'),
        ('{"a":"S3CRET-1', '{"a":"<ROW>'),
        ('{"a":"S3CRET-1"}\n{"a":"S3CRET-2"}\n', '{"a":"<ROW>"}\n{"a":"<ROW>"}\n'),
        ('```json\n{"a": 4000000000000000}\n``` S3CRET-1', '```json\n{"a": 0}\n``` <ROW>'),
        ('```JSON {"a": 4000000000000000}', '```JSON {"a": 0}'),
        ("```\n[4000000000000000]```", "```\n[0]```"),
        ("```python\n[4000000000000000]", "```python\n[<ROW>]"),
        ("[a](http://x/4000000000000000)", "[a](http://x/<ROW>)"),
        ('`{"a": 4000000000000000}`', '`{"a": <ROW>}`'),
        ("4000000000000000", "<ROW>"),
    ],
)
def test_edits_fit_into_what_is_around_them(text, after):
    guard = Pattern("row", CHAINED)

    assert guarded([text], guard) == after
    assert guarded(list(text), guard) == after


@pytest.mark.parametrize(
    ("action", "after"),
    [
        (Mask(), '["**********", 1, 0]'),
        (Mask(char='"'), '["' + '\\"' * 10 + '", 1, 0]'),
        (Mask(keep_last=3), '["*******421", 1, 0]'),
        (Replace("ä\u2028"), '["ä\u2028", 1, 0]'),
        (Replace("5"), '["5", 1, 5]'),
        (Replace(""), '["", 1, 0]'),
        (Flag(), f'["S3CRET\\u002d421", 1, {CARD}]'),
        (Block(), '["'),
    ],
)
def test_an_action_gets_the_text_that_is_meant(action, after):
    text = f'["S3CRET\\u002d421", 1, {CARD}]'

    guard = Pattern("one", FOUND.pattern, action=action)

    assert guarded(list(text), guard) == after


def test_many_names_stay_apart():
    text = json.dumps({f"S3CRET-{i}": i for i in range(1000)})

    for action in ("redact", Replace(""), Mask(keep_last=2)):
        names = [*json.loads(guarded([text], Pattern("one", FOUND.pattern, action=action)))]
        assert len(names) == 1000


def test_a_structure_alone_is_not_edited():
    assert guarded(['{"a": null}'], Pattern("null", "null|[{}]")) == '{"a": null}'


def test_a_name_says_what_its_value_is():
    text = '{"ssn": "856-45-6789"}'

    assert json.loads(guarded(list(text), PII())) == {"ssn": "<US_SSN>"}


def test_what_is_remembered_goes_with_the_text():
    channel = ChannelText("text", Panel([WordGuard()]))
    channel.add("[")
    for _ in range(1000):
        channel.add(' "a", 1, {"b": 2},')

    shape = channel._projection._json._shape
    assert len(shape._segments) < 10


def test_a_long_text_is_looked_at_in_bits_with_the_same_result():
    text = json.dumps([f"to {SECRET} and", CARD] * (_BIT // 16))
    assert len(text) > 2 * _BIT
    guard = Pattern("one", FOUND.pattern)

    assert json.loads(guarded([text], guard)) == ["to <ONE> and", 0] * (_BIT // 16)


@pytest.mark.parametrize(
    "unit", ["[", '{"a":', "1,", '"",', "[],", '{"S3CRET-1":0},', "\\", "\\u00", " "]
)
@pytest.mark.parametrize("length", [3, 100_000])
def test_what_is_remembered_is_bounded_whatever_comes(unit, length):
    guard = Pattern("one", FOUND.pattern)
    channel = ChannelText("text", Panel([guard]))
    text = "[" + unit * (300_000 // len(unit))
    for piece in (text[i : i + length] for i in range(0, len(text), length)):
        channel.render(channel.add(piece)[0])

    reading = channel._projection._json
    assert len(reading._rest) <= 128
    assert len(reading._open) <= 512
    assert len(reading._shape._segments) <= 2
    assert len(channel._runs) <= 2
    assert len(channel._edits) <= 70_000 // len(unit)


@pytest.mark.parametrize(("start", "end"), [(7, 9), (8, 13), (4, 8), (13, 14), (3, 20)])
@pytest.mark.parametrize("cut", range(1, 20))
def test_an_edit_that_was_decided_elsewhere_takes_whole_escapes(start, end, cut):
    """A frame's own text shows ``\\u0`` where the channel goes on with ``0e9``."""
    text = '{"a":"b\\u00e9\\u00e9c"}'
    channel = ChannelText("text", Panel([Pattern("none", "zzzz")]))
    also = (Edit(start, min(end, cut), "<X>"),) if start < cut else ()
    first, _ = channel.add(text[:cut], also)
    rest = (Edit(max(start - cut, 0), end - cut, "<X>"),) if end > cut else ()
    second, _ = channel.add(text[cut:], rest)
    channel.close()

    said = "".join(channel.render(part) or part.text for part in (first, second))

    assert list(json.loads(said)) == ["a"]
    assert "<X>" in said
