"""Log-probabilities as text: what the tokens of a frame spell.

Shape: a list of ``{"token", "bytes", "logprob", "top_logprobs"}`` (OpenAI, Ollama). ``bytes`` is
there because a token may be a part of a character; then ``token`` shows an escape of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..json_codec import is_array, is_object
from ..json_splice import Path
from ..reading import Scrub

__all__ = ["scrub_logprobs"]


def scrub_logprobs(path: Path, tokens: Any, said: Sequence[Any], empty: Any) -> Scrub:
    """Take log-probabilities away with an edit of the text that they spell.

    A server whose tokens run ahead of its text would give a secret away one frame early, so tokens
    that do not spell exactly what stands beside them (or one text of it: some servers tell the
    tokens of the answer only, others those of the reasoning too) go at once.

    Args:
        path: where they stand.
        tokens: the list of tokens.
        said: the texts beside them, in their order.
        empty: what replaces them.
    """
    spelled = _spelled(tokens)
    known = spelled is not None and (spelled in said or spelled == "".join(map(str, said)))
    return Scrub(path, empty, "frame" if known else "always")


def _spelled(tokens: Any) -> str | None:
    """Return the text that tokens spell; None when they are not a list of tokens."""
    if not is_array(tokens):
        return None
    pieces = [_bytes(token) if is_object(token) else None for token in tokens]
    whole = [piece for piece in pieces if piece is not None]
    return b"".join(whole).decode("utf-8", "replace") if len(whole) == len(pieces) else None


def _bytes(entry: dict[str, Any]) -> bytes | None:
    token, numbers = entry.get("token"), entry.get("bytes")
    if not isinstance(token, str):
        return None
    if not is_array(numbers):
        return token.encode("utf-8", "surrogatepass")
    try:
        piece = bytes(numbers)
    except (TypeError, ValueError):
        return None
    # A token that is text of its own has to say what its bytes say, or one of them gives it away.
    whole = token.encode("utf-8", "surrogatepass") == piece
    return piece if whole or not _is_text(piece) else None


def _is_text(piece: bytes) -> bool:
    try:
        piece.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
