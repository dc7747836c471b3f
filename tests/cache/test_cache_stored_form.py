"""What was stored is read back, byte for byte; anything else is a typed error."""

from __future__ import annotations

import contextlib
import random
import tracemalloc
import zlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.streams import chat

from streamward.cache import RecordedFrame, Recording, decode, encode, stored_form
from streamward.errors import CacheFullError, CorruptRecordingError

ROOT = Path(__file__).parents[2]
HEADERS = ((b"content-type", b"text/event-stream"),)
SAMPLE = Recording(
    200,
    HEADERS,
    (RecordedFrame(0, b"a"), RecordedFrame(7, b"bc"), RecordedFrame(9, b"bd")),
    "x",
    1e9,
)

pairs = st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=9)), max_size=3).map(tuple)
# Frames that share beginnings and ends of every length, and overlap in themselves.
data = st.binary(max_size=20) | st.text("ab", max_size=12).map(str.encode)
frames = st.lists(st.tuples(st.integers(0, 2**40), data), max_size=9).map(
    lambda drawn: tuple(RecordedFrame(at, data) for at, data in sorted(drawn))
)
recordings = st.builds(
    Recording,
    st.integers(100, 599),
    pairs,
    frames,
    st.text(st.characters(exclude_categories=["Cs"])),
    st.floats(allow_nan=False, allow_infinity=False),
    epoch=st.binary(max_size=9),
    generation=st.binary(max_size=9),
    scope=st.binary(max_size=9),
)


def recorded(frames: list[bytes]) -> Recording:
    timed = tuple(RecordedFrame(index, frame) for index, frame in enumerate(frames))
    return Recording(200, HEADERS, timed, "openai-chat", 1e9)


@given(recordings)
def test_round_trip(recording: Recording) -> None:
    assert decode(encode(recording)) == recording
    assert decode(encode(recording)).body == b"".join(frame.data for frame in recording.frames)


@given(st.lists(st.sampled_from([b"", b"a", b"ab", b"aba", b"abab", b"xabx"]), max_size=300))
def test_long_streams_of_like_frames(frames: list[bytes]) -> None:
    assert decode(encode(recorded(frames))) == recorded(frames)


def test_an_answer_takes_a_twentieth() -> None:
    """Words drawn at random: what the text itself takes is more than of any real prose."""
    source = random.Random(1)
    words = (ROOT / "docs/explanation/architecture.md").read_text().split()
    frames = chat(" " + source.choice(words) for _ in range(500))
    recording = recorded(frames)

    assert decode(encode(recording)) == recording
    assert len(encode(recording)) < len(recording.body) / 20


@given(st.binary() | st.binary().map(lambda tail: encode(SAMPLE)[:6] + tail))
def test_arbitrary_bytes_raise_one_error_only(data: bytes) -> None:
    with contextlib.suppress(CorruptRecordingError):
        decode(data)


@pytest.mark.parametrize("index", range(len(encode(SAMPLE))))
def test_a_changed_byte_never_gives_other_bytes(index: int) -> None:
    """zlib may be told its window or level differently; it then reads the same."""
    data = bytearray(encode(SAMPLE))
    for byte in range(256):
        data[index] = byte
        with contextlib.suppress(CorruptRecordingError):
            assert decode(bytes(data)) == SAMPLE


@given(recordings, st.data())
def test_changed_bytes_never_give_other_bytes(recording: Recording, drawn: st.DataObject) -> None:
    data = bytearray(encode(recording))
    for index in drawn.draw(st.lists(st.integers(0, len(data) - 1), min_size=1, max_size=3)):
        data[index] = drawn.draw(st.integers(0, 255))
    with contextlib.suppress(CorruptRecordingError):
        assert decode(bytes(data)) == recording


@pytest.mark.parametrize("length", range(len(encode(SAMPLE))))
def test_half_a_recording_is_none(length: int) -> None:
    with pytest.raises(CorruptRecordingError):
        decode(encode(SAMPLE)[:length])


def version_1(*fields: object) -> bytes:
    return b"swrec\x01" + msgspec.msgpack.encode(fields)


def version_2(*columns: object, status: int = 200, created_at: float = 0.0) -> bytes:
    fields = (status, HEADERS, "d", created_at, *columns, b"")
    return b"swrec\x02" + zlib.compress(msgspec.msgpack.encode(fields))


def test_an_entry_of_version_1_is_still_read() -> None:
    assert decode(b"swrec\x01" + msgspec.msgpack.encode(SAMPLE)) == SAMPLE


def test_the_columns_are_what_the_pages_say() -> None:
    columns = [(1, 2), (0, 1), (0, 1), (2, 3), b"abXYZ"]

    assert [frame.data for frame in decode(version_2(*columns)).frames] == [b"ab", b"aXYZb"]
    assert [frame.at_ms for frame in decode(version_2(*columns)).frames] == [1, 3]


@pytest.mark.parametrize(
    "data",
    [
        b"swrec\x00" + encode(SAMPLE)[6:],
        b"swrec\x01" + encode(SAMPLE)[6:],
        b"swrec\x03" + encode(SAMPLE)[6:],
        b"swrec\x02" + msgspec.msgpack.encode(SAMPLE),
        encode(SAMPLE) + b"\xc0",
        version_1(200, (), (), "d"),
        version_1(200, (), (), "d", 0.0, None),
        version_1(99, (), (), "d", 0.0),
        version_1(600, (), (), "d", 0.0),
        version_1(200, (), ((-1, b""),), "d", 0.0),
        version_1(200, (), ((1, "text"),), "d", 0.0),
        version_1(200, (), ((1, b""), (0, b"")), "d", 0.0),
        version_1(200, ((b"name",),), (), "d", 0.0),
        version_1(200, (), (), "d", float("nan")),
        version_1(200, (), (), "d", float("inf")),
        version_1(200, (), (), "d", "0"),
        b"swrec\x01" + b"\x91" * 1_000_000,
        b"swrec\x01\x95\xcc\xc8\x90\xdd\xff\xff\xff\xff",  # promises 4 billion frames
        b"swrec\x01\x95\xcc\xc8\x90\x90\xa1\xff\xcb" + bytes(8),  # a dialect that is not UTF-8
        version_2((), (), (), (), b"", status=99),
        version_2((), (), (), (), b"", created_at=float("nan")),
        version_2((), (), (), (), b"more"),
        version_2((0,), (0,), (0,), (2,), b"x"),
        version_2((0,), (1,), (0,), (1,), b"x"),  # the first frame has none before it
        version_2((0, 0), (0, 2), (0, 0), (1, 1), b"xy"),
        version_2((0, 0), (0, 0), (0, 2), (1, 1), b"xy"),
        version_2((0, 0), (0,), (0,), (1,), b"x"),
        version_2((0,), (0, 0), (0, 0), (1, 0), b"x"),
        version_2((-1,), (0,), (0,), (1,), b"x"),
    ],
)
def test_not_a_recording(data: bytes) -> None:
    with pytest.raises(CorruptRecordingError):
        decode(data)


def growing(frames: int) -> bytes:
    """Return an entry whose frames are each twice the one before."""
    before = [0, *(2**index for index in range(frames - 1))]
    return version_2((0,) * frames, before, before, (1, *(0,) * (frames - 1)), b"x")


@pytest.mark.parametrize(
    "data",
    [
        growing(60),
        b"swrec\x02" + zlib.compress(bytes(200_000_000)),
        version_2(*[(0,) * 600_000] * 4, b""),
    ],
    ids=["frames", "zlib", "numbers"],
)
def test_a_bomb_does_not_go_off(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(CorruptRecordingError):
            decode(data)
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()

    assert len(decode(growing(20)).frames[-1].data) == 2**19


@pytest.mark.parametrize(
    ("limit", "size", "fits"),
    [
        ("_MAX_BYTES", 1_000, True),
        ("_MAX_BYTES", 1_001, False),
        ("_MAX_FRAMES", 2, True),
        ("_MAX_FRAMES", 3, False),
    ],
)
def test_what_could_not_be_read_is_not_written(
    monkeypatch: pytest.MonkeyPatch, limit: str, size: int, *, fits: bool
) -> None:
    if limit == "_MAX_BYTES":
        recording = recorded([b"x" * (size // 2), b"x" * (size - size // 2)])
    else:
        recording = recorded([b"x"] * size)
    monkeypatch.setattr(stored_form, limit, 1_000 if limit == "_MAX_BYTES" else 2)

    if fits:
        assert decode(encode(recording)) == recording
    else:
        with pytest.raises(CacheFullError):
            encode(recording)
