"""Every pace replays the same bytes; only the times differ."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamward.cache import FixedRate, Instant, Original, RecordedFrame, Recording, schedule
from streamward.errors import ConfigurationError


def recording(*frames: tuple[int, bytes]) -> Recording:
    return Recording(200, (), tuple(RecordedFrame(*frame) for frame in frames), "d", 0.0)


STREAM = recording((0, b"a"), (250, b"bcd"), (250, b""), (1000, b"ef"))

rates = st.floats(0.01, 1000)
paces = (
    st.builds(Instant, st.integers(0, 9)) | st.builds(Original, rates) | st.builds(FixedRate, rates)
)
frames = st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=6)), max_size=8).map(sorted)


@given(frames, paces)
def test_the_same_bytes_in_order(frames: Any, pace: Any) -> None:
    stream = recording(*frames)
    delays = [delay for delay, _ in schedule(stream, pace)]

    assert b"".join(data for _, data in schedule(stream, pace)) == stream.body
    assert delays == sorted(delays)
    assert all(delay >= 0 for delay in delays)


@given(frames, st.integers(0, 9))
def test_joined_chunks_are_bounded(frames: Any, limit: Any) -> None:
    alone = {data for _, data in frames}

    assert all(
        len(chunk) <= limit or chunk in alone
        for _, chunk in schedule(recording(*frames), Instant(limit))
    )


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (Instant(), [(0.0, b"abcdef")]),
        (Instant(4), [(0.0, b"abcd"), (0.0, b"ef")]),
        (Instant(3), [(0.0, b"a"), (0.0, b"bcd"), (0.0, b"ef")]),
        (Original(), [(0.0, b"a"), (0.25, b"bcd"), (0.25, b""), (1.0, b"ef")]),
        (Original(2.0), [(0.0, b"a"), (0.125, b"bcd"), (0.125, b""), (0.5, b"ef")]),
        (FixedRate(2), [(0.0, b"a"), (0.5, b"bcd"), (1.0, b""), (1.5, b"ef")]),
    ],
)
def test_paces(pace: Any, expected: Any) -> None:
    assert list(schedule(STREAM, pace)) == expected


def test_the_first_chunk_is_small() -> None:
    """It leaves while the rest is still packed."""
    stream = recording(*((0, bytes(1000)) for _ in range(100)))

    assert [len(chunk) for _, chunk in schedule(stream, Instant())] == [4000, 65_000, 31_000]


@given(frames)
def test_zero_joins_nothing_that_has_bytes(frames: Any) -> None:
    sent = [data for _, data in schedule(recording(*frames), Instant(0))]

    assert [data for data in sent if data] == [data for _, data in frames if data]


@pytest.mark.parametrize(
    ("pace", "setting"),
    [
        (Instant, -1),
        (Original, 0.0),
        (Original, float("inf")),
        (Original, float("nan")),
        (FixedRate, -1.0),
    ],
)
def test_a_pace_that_cannot_be(pace: Any, setting: Any) -> None:
    with pytest.raises(ConfigurationError, match="wants"):
        pace(setting)
