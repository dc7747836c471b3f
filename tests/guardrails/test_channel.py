"""One channel: pieces, edits, and edits that were decided elsewhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.guard import WordGuard
from support.secrets import cuts, pieces

from streamward.guardrails import PII
from streamward.guardrails.channel import ChannelText
from streamward.guardrails.panel import Panel
from streamward.guardrails.ward import Ward
from streamward.wire import NDJSON, Edit, detect

TEXT = "mail jane.doe@example.com now"


def test_an_edit_from_elsewhere_becomes_part_of_a_longer_finding():
    channel = ChannelText("text", Panel([WordGuard()]))

    first, _ = channel.add("a S3C")
    second, _ = channel.add("RET-12 b", [Edit(2, 6, "<x>")])
    channel.close()

    assert channel.render(first) == "a <SECRET>"
    assert channel.render(second) == " b"


def test_an_edit_from_elsewhere_counts_by_itself_too():
    channel = ChannelText("text", Panel([WordGuard()]))

    part, _ = channel.add("one two", [Edit(0, 3, "<x>")])
    channel.close()

    assert channel.render(part) == "<x> two"
    assert channel.edited


def test_edits_that_do_not_touch_stay_apart():
    channel = ChannelText("text", Panel([WordGuard()]))

    first, _ = channel.add("S3CRET-1")
    second, _ = channel.add(" ab cd", [Edit(4, 6, "<x>")])
    channel.close()

    assert channel.render(first) == "<SECRET>"
    assert channel.render(second) == " ab <x>"


@given(st.data())
def test_a_piece_that_is_a_finding_by_itself_does_not_hide_a_longer_one(data):
    """``h@example.com`` alone is an address; it must not keep ``jane.doeh@…`` from being one."""
    guard = PII(entities=["EMAIL_ADDRESS"])
    lines = [b'{"text":"' + p.encode() + b'"}\n' for p in pieces(TEXT, data.draw(cuts(len(TEXT))))]
    frames = NDJSON.framer(10_000).feed(b"".join(lines))
    reader = detect(NDJSON, {}, "/", frames[0]).reader()
    ward = Ward([guard], NDJSON)

    body = b"".join(b"".join(ward.feed(frame, reader.read(frame))) for frame in frames)
    body += b"".join(ward.finish())

    assert b"jane" not in body
    assert b"doe" not in body
