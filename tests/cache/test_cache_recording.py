"""What was recorded is read back, byte for byte; anything else is a typed error."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamward.cache import RecordedFrame, Recorder, Recording, decode, encode
from streamward.errors import ConfigurationError, CorruptRecordingError

HEADERS = ((b"content-type", b"text/event-stream"),)
SAMPLE = Recording(200, HEADERS, (RecordedFrame(0, b"a"), RecordedFrame(7, b"bc")), "openai", 1e9)

pairs = st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=9)), max_size=3).map(tuple)
frames = st.lists(st.tuples(st.integers(0, 2**40), st.binary(max_size=20)), max_size=6).map(
    lambda drawn: tuple(RecordedFrame(at, data) for at, data in sorted(drawn))
)
recordings = st.builds(
    Recording,
    st.integers(100, 599),
    pairs,
    frames,
    st.text(st.characters(exclude_categories=["Cs"])),
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(recordings)
def test_round_trip(recording: Recording) -> None:
    assert decode(encode(recording)) == recording
    assert decode(encode(recording)).body == b"".join(frame.data for frame in recording.frames)


@given(st.binary() | st.binary().map(lambda tail: encode(SAMPLE)[:6] + tail))
def test_arbitrary_bytes_raise_one_error_only(data: bytes) -> None:
    with contextlib.suppress(CorruptRecordingError):
        decode(data)


@given(st.integers(0, len(encode(SAMPLE)) - 1), st.integers(0, 255))
def test_a_changed_byte_raises_one_error_only(index: int, byte: int) -> None:
    data = bytearray(encode(SAMPLE))
    data[index] = byte
    with contextlib.suppress(CorruptRecordingError):
        decode(bytes(data))


@pytest.mark.parametrize("length", range(len(encode(SAMPLE))))
def test_half_a_recording_is_none(length: int) -> None:
    with pytest.raises(CorruptRecordingError):
        decode(encode(SAMPLE)[:length])


def stored(*fields: object) -> bytes:
    return encode(SAMPLE)[:6] + msgspec.msgpack.encode(fields)


@pytest.mark.parametrize(
    "data",
    [
        b"swrec\x00" + encode(SAMPLE)[6:],
        b"swrec\x02" + encode(SAMPLE)[6:],
        encode(SAMPLE) + b"\xc0",
        stored(200, (), (), "d"),
        stored(200, (), (), "d", 0.0, None),
        stored(99, (), (), "d", 0.0),
        stored(600, (), (), "d", 0.0),
        stored(200, (), ((-1, b""),), "d", 0.0),
        stored(200, (), ((1, "text"),), "d", 0.0),
        stored(200, (), ((1, b""), (0, b"")), "d", 0.0),
        stored(200, ((b"name",),), (), "d", 0.0),
        stored(200, (), (), "d", float("nan")),
        stored(200, (), (), "d", float("inf")),
        stored(200, (), (), "d", "0"),
        b"swrec\x01" + b"\x91" * 1_000_000,
        b"swrec\x01\x95\xcc\xc8\x90\xdd\xff\xff\xff\xff",  # promises 4 billion frames
        b"swrec\x01\x95\xcc\xc8\x90\x90\xa1\xff\xcb" + bytes(8),  # a dialect that is not UTF-8
    ],
)
def test_not_a_recording(data: bytes) -> None:
    with pytest.raises(CorruptRecordingError):
        decode(data)


def test_a_recording_checks_itself() -> None:
    with pytest.raises(ValueError, match="decrease"):
        Recording(200, (), (RecordedFrame(2, b""), RecordedFrame(1, b"")), "d", 0.0)
    with pytest.raises(ValueError, match="created_at"):
        Recording(200, (), (), "d", float("nan"))


def finish(recorder: Recorder) -> Recording | None:
    return recorder.finish(status=200, headers=HEADERS, dialect="openai", created_at=1e9)


def test_a_recorder_keeps_boundaries_and_times() -> None:
    recorder = Recorder()
    recorder.add(b"a", 100.0)
    recorder.add(b"bc", 100.0071)

    assert finish(recorder) == SAMPLE
    assert recorder.size == 3


def test_a_stream_without_frames() -> None:
    recording = finish(Recorder())

    assert recording is not None
    assert recording.body == b""


def test_a_clock_that_goes_backwards_does_no_harm() -> None:
    recorder = Recorder()
    for at in (5.0, 6.0, 4.0, 6.5):
        recorder.add(b"x", at)
    recording = finish(recorder)

    assert recording is not None
    assert [frame.at_ms for frame in recording.frames] == [0, 1000, 1000, 1500]
    assert decode(encode(recording)) == recording


@pytest.mark.parametrize(
    ("limits", "fitting", "one_more"),
    [
        ({"max_bytes": 4}, [b"ab", b"cd"], b"e"),
        ({"max_bytes": 4}, [b"abcd", b""], b"e"),
        ({"max_frames": 2}, [b"ab", b"cd"], b""),
    ],
)
def test_limits(limits: Any, fitting: Any, one_more: Any) -> None:
    recorder = Recorder(**limits)
    for frame in fitting:
        recorder.add(frame, 0.0)
    kept = finish(recorder)
    assert kept is not None
    assert not recorder.abandoned
    assert kept.body == b"".join(fitting)

    recorder.add(one_more, 0.0)
    assert recorder.abandoned
    assert recorder.size == 0
    assert recorder._frames == []
    assert finish(recorder) is None

    recorder.add(b"", 0.0)  # once given up, for good
    assert finish(recorder) is None


@pytest.mark.parametrize("limits", [{"max_bytes": 0}, {"max_frames": 0}])
def test_a_limit_must_leave_room(limits: Any) -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        Recorder(**limits)
