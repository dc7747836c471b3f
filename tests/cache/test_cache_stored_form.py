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


def stored(*columns: object, status: int = 200, created_at: float = 0.0) -> bytes:
    fields = (status, HEADERS, "d", created_at, b"", b"", b"", columns)
    return b"swrec\x03" + zlib.compress(msgspec.msgpack.encode(fields))


def test_the_columns_are_what_the_pages_say() -> None:
    columns = [(1, 2, 1), (2, 3, 0), (1, 2), (0, 1), (0, 1), b"abXYZ"]

    assert [frame.data for frame in decode(stored(*columns)).frames] == [b"ab", b"aXYZb", b"ab"]
    assert [frame.at_ms for frame in decode(stored(*columns)).frames] == [1, 3, 4]


@pytest.mark.parametrize(
    "data",
    [
        b"swrec\x00" + encode(SAMPLE)[6:],
        b"swrec\x02" + encode(SAMPLE)[6:],
        b"swrec\x03" + msgspec.msgpack.encode(SAMPLE),
        b"swrec\x03" + zlib.compress(b"\x91" * 1_000_000),
        b"swrec\x03" + zlib.compress(b"\x97\xcc\xc8\x90\xa1\xff\xcb" + bytes(8)),  # no UTF-8
        encode(SAMPLE) + b"\xc0",
        stored((), (), (), (), (), b"", status=99),
        stored((), (), (), (), (), b"", status=600),
        stored((), (), (), (), (), b"", created_at=float("nan")),
        stored((), (), (), (), (), b"", created_at=float("inf")),
        stored((), (), (), (), (), b"more"),
        stored((), (), (), (), (), "text"),
        stored((), (), (), (), ()),
        stored((), (), (), (), (), b"", b""),
        stored((0,), (2,), (1,), (0,), (0,), b"x"),
        stored((0,), (1,), (1,), (1,), (0,), b"x"),  # the first frame has none before it
        stored((0,), (1,), (1,), (0,), (1,), b"x"),
        stored((0,), (1,), (0, 1), (5, 1), (0, 0), b"x"),
        stored((0, 0), (1, 1), (1, 1), (0, 2), (0, 0), b"xy"),
        stored((0, 0), (1, 1), (1, 1), (0, 0), (0, 2), b"xy"),
        stored((0, 0, 0), (1, 1, 1), (1, 0, 2), (0, 9, 2), (0, 9, 0), b"xyz"),
        stored((0, 0), (1,), (1,), (0,), (0,), b"x"),
        stored((0,), (1, 0), (1,), (0,), (0,), b"x"),
        stored((0,), (1,), (2,), (0,), (0,), b"x"),
        stored((0,), (1,), (1,), (0, 0), (0,), b"x"),
        stored((0,), (1,), (1,), (0,), (0, 0), b"x"),
        stored((-1,), (1,), (1,), (0,), (0,), b"x"),
    ],
)
def test_not_a_recording(data: bytes) -> None:
    with pytest.raises(CorruptRecordingError):
        decode(data)


def test_frames_that_are_rebuilt_are_a_tuple_to_whoever_looks() -> None:
    frames = decode(encode(SAMPLE)).frames

    assert frames == SAMPLE.frames
    assert SAMPLE.frames == frames
    assert frames == decode(encode(SAMPLE)).frames
    assert hash(frames) == hash(SAMPLE.frames)
    assert frames != SAMPLE.frames[1:]
    assert frames != decode(encode(recorded([b"a"]))).frames
    assert (len(frames), frames[1], frames[-2:]) == (3, SAMPLE.frames[1], SAMPLE.frames[-2:])
    assert "bc" not in repr(frames)


def growing(frames: int) -> bytes:
    """Return an entry whose frames are each twice the one before."""
    before = [0, *(2**index for index in range(frames - 1))]
    sizes, runs = (1, *(0,) * (frames - 1)), (1,) * frames
    return stored((0,) * frames, sizes, runs, before, before, b"x")


@pytest.mark.parametrize(
    "data",
    [
        growing(60),
        b"swrec\x03" + zlib.compress(bytes(200_000_000)),
        stored(*[(0,) * 600_000] * 5, b""),
        stored((0,), (1,), (1, *(0,) * 600_000), (0,) * 600_001, (0,) * 600_001, b"x"),
    ],
    ids=["frames", "zlib", "numbers", "runs"],
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
