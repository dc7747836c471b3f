"""What frames mean: one row of a table and one reader per dialect."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from .frame import Frame, Framing
from .reading import Step, Usage

__all__ = ["BLANK_LINE", "Dialect", "Early", "Hint", "Problem", "Reader", "Signs", "early_by"]

BLANK_LINE = b"\n"
"""The heartbeat for a client that nobody knows: a blank line between two events is nothing to any
of them, while google-genai fails on a comment."""

Early = Literal["length", "content_filter", "other"]
"""Why an answer stopped properly, and yet before its end: at a limit of tokens, by a filter of the
upstream's own, or for another reason."""

_EARLY: Final[dict[object, Early]] = {
    "blocklist": "content_filter",
    "content-filter": "content_filter",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "length": "length",
    "limit": "length",
    "max_output_tokens": "length",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "prohibited_content": "content_filter",
    "recitation": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
    "spii": "content_filter",
}


def early_by(reason: object) -> Early:
    """Say in one word what a dialect's own reason means, which is none of a good end."""
    return _EARLY.get(reason.lower(), "other") if isinstance(reason, str) else "other"


@dataclass(frozen=True, slots=True)
class Problem:
    """What a client is told when an answer cannot go on.

    Attributes:
        code: stable and machine-readable (``"upstream_timeout"``).
        message: one sentence for people, without internals.
        call: the id of the JSON-RPC call that the stream answers; 0 where none is known.
    """

    code: str
    message: str
    call: int | str = 0


@dataclass(frozen=True, slots=True)
class Hint:
    """All that is known when a dialect has to be recognised.

    Attributes:
        headers: response headers, names in lower case.
        path: the path of the request.
        frame: the first frame that a client dispatches.
        value: its payload as JSON; None when it is not JSON.
    """

    headers: Mapping[str, str]
    path: str
    frame: Frame
    value: Any


class Reader(ABC):
    """Reads the frames of one stream in one dialect, and writes that dialect's own frames.

    Attributes:
        usage: the token counts stated so far.
        failed: True after an error frame of the upstream's own.
        every_frame_speaks: True where nobody can tell a token from another frame with data.
        steady: True where a frame that differs from the last two in its text only, and these held
            a piece of one channel each and nothing else, holds the next piece and nothing else.
    """

    usage: Usage | None = None
    failed: bool = False
    every_frame_speaks: bool = False
    steady: bool = False

    @abstractmethod
    def read(self, frame: Frame) -> list[Step]:
        """Say what a frame with data holds.

        Raises:
            UnreadableFrameError: the frame is not what the dialect allows.
        """

    def named(self, frame: Frame) -> list[Step]:
        """Say what an event holds that has a name and no data: a client may go by the name."""
        del frame
        return []

    @property
    @abstractmethod
    def complete(self) -> bool:
        """True when the stream has ended as its dialect says a good answer must (promise P8)."""

    @property
    def early(self) -> frozenset[Early]:
        """Why the answer is not complete although its dialect's end came, without an error.

        Empty where it is complete, and where it broke off.
        """
        return frozenset()

    @abstractmethod
    def error(self, problem: Problem) -> bytes:
        """Write the frames that make the official clients raise; empty where there are none."""

    def refusal(self, problem: Problem) -> bytes | None:
        """Write a proper end for an answer that a guard blocked; None where there is none.

        Without one the answer ends as after any other error.
        """
        del problem
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What a dialect and its end are known by, as marks (``wire/place.py``).

    Data and no code, for those who have to know it in another language: the Cloudflare Worker.

    Attributes:
        claims: marks of a first frame, one of which is enough for it to be of this dialect.
        ends: the mark of the frames behind which nothing has to come, in good or in bad; empty
            where only the transfer ends.
        resumes: True where clients take up a stream again whose frames have ids, or that answers
            a GET: there a stream that breaks off has not failed.
    """

    claims: tuple[str, ...] = ()
    ends: str = ""
    resumes: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """One row of the table.

    Attributes:
        name: as in the documentation (``"openai_chat"``).
        framing: how its bytes are cut.
        reader: opens the reader of one stream.
        claims: whether a first frame is of this dialect.
        paths: ends of request paths that hint at it, before there is a frame.
        header: a vendor's response header that names it, and the value; none where there is none.
        heartbeat: bytes that say *still there* at a frame boundary and change nothing.
        heartbeat_after_id: False where a heartbeat behind an SSE ``id`` breaks a client.
        cut: False where a client that was told of an error breaks on a transfer that is cut: the
            answer then ends as if whole, behind the error.
        fingerprint: of a dialect of one's own: what it is, for the cache key.
        end_marker: the payload of the frame that only ends a stream; SDKs keep it to themselves.
        signs: what it and its end are known by, where that can be said without code.
    """

    name: str
    framing: Framing
    reader: Callable[[], Reader]
    claims: Callable[[Hint], bool]
    paths: tuple[str, ...] = ()
    header: tuple[str, str] | None = None
    heartbeat: bytes = b": ping\n\n"
    heartbeat_after_id: bool = True
    cut: bool = True
    fingerprint: str = ""
    end_marker: bytes = b""
    signs: Signs = Signs()
