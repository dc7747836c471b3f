"""What streamward does to headers, on the way in and on the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["Headers", "acceptable", "by_name", "for_stream", "replayable"]

Headers = list[tuple[bytes, bytes]]

# They describe a body of known length and bytes, which a stream is not (RFC 9110 §8.6, §8.8).
_NOT_FOR_STREAMS = frozenset(
    {
        b"accept-ranges",
        b"cache-control",
        b"content-digest",
        b"content-encoding",
        b"content-length",
        b"content-md5",
        b"digest",
        b"etag",
        b"last-modified",
        b"repr-digest",
        b"x-accel-buffering",
    },
)

# They are the server's own: HTTP/2 and HTTP/3 forbid them (RFC 9113 §8.2.2), and so does PEP 3333.
_OF_THE_CONNECTION = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"},
)

_ANTI_BUFFERING = [
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]

# Everything else may be private (Set-Cookie) or untrue the second time (Date, request ids).
_REPLAYED = frozenset(
    {
        b"content-language",
        b"content-type",
        b"openai-version",
        b"x-content-type-options",
        b"x-vercel-ai-data-stream",
        b"x-vercel-ai-ui-message-stream",
    },
)

_DECODABLE = frozenset({"gzip", "x-gzip", "deflate", "identity"})


def by_name(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers as text by lower-case name; of repeated ones the last."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}


def for_stream(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return response headers fit for a stream: nothing on the way may hold or change it."""
    dropped = _NOT_FOR_STREAMS | _OF_THE_CONNECTION
    kept = [(name, value) for name, value in headers if name.lower() not in dropped]
    return kept + _ANTI_BUFFERING


def replayable(headers: Iterable[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    """Return the response headers that a recording keeps."""
    return tuple((name, value) for name, value in headers if name.lower() in _REPLAYED)


def acceptable(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return request headers that ask the application only for codings that can be undone here."""
    changed: Headers = []
    for name, value in headers:
        if name.lower() != b"accept-encoding":
            changed.append((name, value))
            continue
        codings = [coding.strip() for coding in value.decode("latin-1").split(",")]
        kept = [coding for coding in codings if coding.partition(";")[0].lower() in _DECODABLE]
        changed.append((name, ", ".join(kept or ["identity"]).encode("latin-1")))
    return changed


def content_coding(headers: Mapping[str, str]) -> str:
    """Return the content coding in lower case; empty when there is none."""
    coding = headers.get("content-encoding", "").strip().lower()
    return "" if coding == "identity" else coding
