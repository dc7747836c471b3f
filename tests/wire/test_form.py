"""Text that is carried as it is, with the halves of surrogate pairs joined."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streamward.wire import Edit, Run, TextProjection


def halves(text: str) -> str:
    """Write every character outside the BMP as two halves, as UTF-16 does."""
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join(
        data[i : i + 2].decode("utf-16-le", "surrogatepass") for i in range(0, len(data), 2)
    )


def read(pieces: list[str]) -> list[Run]:
    projection = TextProjection()
    runs = [run for piece in pieces for run in projection.feed(piece)]
    return [*runs, *projection.finish()]


def test_ascii_is_passed_on() -> None:
    assert read(["ab", "", "c"]) == [
        Run("ab", range(2), 2),
        Run("c", range(2, 3), 3),
        Run("", range(3, 3), 3, closes=True),
    ]


def test_a_pair_in_two_pieces_is_one_character() -> None:
    projection = TextProjection()

    assert projection.feed("a\ud83d")[0].text == "a"
    assert projection.position == 1
    assert projection.feed("") == []
    assert projection.feed("\ude00b") == [Run("😀b", [1, 3], 4)]
    assert projection.position == 4


def test_halves_that_never_meet_stay() -> None:
    runs = read(["\ude00a\ud83d", "\ud83dx\ud83d"])

    assert "".join(run.text for run in runs) == "\ude00a\ud83d\ud83dx\ud83d"
    assert runs[-1].closes


@given(text=st.text(st.characters(codec="utf-8")), at=st.lists(st.integers(0, 50), max_size=6))
def test_text_and_positions_do_not_depend_on_the_pieces(text: str, at: list[int]) -> None:
    text = "a" + text  # what begins with a bracket is read as JSON
    carried = halves(text)
    edges = sorted({0, len(carried), *(i % (len(carried) + 1) for i in at)})
    runs = read([carried[a:b] for a, b in pairwise(edges)])
    starts = [start for run in runs for start in run.starts]

    assert "".join(run.text for run in runs) == text
    assert len(starts) == len(text)
    assert (
        "".join(carried[a:b] for a, b in zip(starts, [*starts[1:], len(carried)], strict=False))
        == carried
    )


def test_readable_text_is_written_as_it_is() -> None:
    assert TextProjection().fit(1, 3, '"\n') == [Edit(1, 3, '"\n')]
