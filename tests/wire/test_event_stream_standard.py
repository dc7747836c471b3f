"""The questions that the web platform's tests ask of an event stream, asked of the framer.

Each case is named after the file in ``web-platform-tests/wpt/eventsource`` that asks the same of a
browser. All of them were read in a stored version, most under that name and ``.js``, ``.any.js``,
``.htm`` or ``.html``. No such path was stored for ``format-field-parsing``, ``-field-retry-empty``,
``-field-unknown``, ``-leading-space`` and ``-newlines``, nor for what the server of ``event-data``
sends: these stood in copies of the suite, found by their titles and texts.

The words are ours, the fields and line ends are theirs; the answers follow from WHATWG HTML §9.2.6,
and agree with theirs. Where their answer is an id, a delay or a reconnection, which no framer knows,
what is left is that such a field changes no event.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_framers import check, frames, payloads
from wire_run import bytewise

from streamward.wire import SSE

BOM = b"\xef\xbb\xbf"
LONG = b"y" * 2048

CASES: dict[str, tuple[bytes, list[tuple[str, bytes]]]] = {
    "format-bom": (
        BOM + b"data: one\n\n" + BOM + b"data: two\n\ndata: three\n\n",
        [("", b"one"), ("", b"three")],
    ),
    "format-bom-2": (BOM + BOM + b"data: one\n\ndata: two\n\n", [("", b"two")]),
    "format-comments": (
        b"data: a\r:\x00\n:\r\ndata: b\n:"
        + LONG
        + b"\rdata: c\n:data: no\r:"
        + LONG
        + b"\ndata: d\n\n",
        [("", b"a\nb\nc\nd")],
    ),
    "format-field-data": (
        b"data:\n\ndata\ndata\n\ndata: word\n\n",
        [("", b""), ("", b"\n"), ("", b"word")],
    ),
    "format-field-event": (
        b"event: word\ndata: a\n\ndata: b\n\n",
        [("word", b"a"), ("", b"b")],
    ),
    "format-field-event-empty": (b"event: \ndata: a\n\n", [("", b"a")]),
    "format-field-id": ("id: …\ndata: a\n\nid\ndata: b\n\n".encode(), [("", b"a"), ("", b"b")]),
    "format-field-id-null": (b"id: \x00\x00\ndata: a\n\n", [("", b"a")]),
    "format-field-parsing": (
        (
            b"data:\x00\ndata:  b\rData: no\ndata\x00: no\ndata: c\r\n\x00data: no\n"
            b"da-ta: no\rdata_no\ndata: d\rdata:\r\n data: no\ndata: e\n\n"
        ),
        [("", b"\x00\n b\nc\nd\n\ne")],
    ),
    "format-field-retry": (b"retry: 03000\ndata: a\n\n", [("", b"a")]),
    "format-field-retry-bogus": (b"retry: 3000\nretry: 10x\ndata: a\n\n", [("", b"a")]),
    "format-field-retry-empty": (b"retry\ndata: a\n\n", [("", b"a")]),
    "format-field-unknown": (
        b"data: a\n data\ndata\nfoo: no\njust-no\n:no\ndata: b\n\n",
        [("", b"a\n\nb")],
    ),
    "format-leading-space": (b"data:\ta\rdata: \ndata: b\n\n", [("", b"\ta\n\nb")]),
    "format-newlines": (b"data: a\r\ndata\ndata: b\r\n\r", [("", b"a\n\nb")]),
    "format-null-character": (b"data: \x00\n\n", [("", b"\x00")]),
    "format-utf-8": ("data: ok…\n\n".encode(), [("", "ok…".encode())]),
    "event-data": (
        b"data:a\ndata: b\n\n:\nno: no\n\nno: no\nData: no\n\ndata\n\ndata: c\n\n",
        [("", b"a\nb"), ("", b""), ("", b"c")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_framer_answers_as_a_browser_does(case: str) -> None:
    check(SSE, *CASES[case])


def test_what_the_end_cuts_off_is_told_apart() -> None:
    """``format-data-before-final-empty-line``: a browser drops it, so it is marked, not dispatched."""
    body = b"retry: 1000\ndata: a\n\nid: x\ndata: b"

    done = frames(SSE, bytewise(body))

    assert payloads(done) == [("", b"a"), ("", b"b")]
    assert [frame.ended for frame in done] == [True, False]
