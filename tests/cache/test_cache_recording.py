"""What a recorder keeps, and when it gives up."""

from __future__ import annotations

from typing import Any

import pytest

from streamward.cache import RecordedFrame, Recorder, Recording, decode, encode
from streamward.errors import ConfigurationError

HEADERS = ((b"content-type", b"text/event-stream"),)
SAMPLE = Recording(200, HEADERS, (RecordedFrame(0, b"a"), RecordedFrame(7, b"bc")), "openai", 1e9)


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
