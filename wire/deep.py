"""Find every text in a JSON value whose shape nobody described."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from .json_codec import is_array, is_object
from .json_number import plain_number
from .json_splice import Name, Path
from .reading import Form, Sound, Whole

__all__ = ["ARGUMENTS", "FOREIGN", "OPAQUE", "deep_scan", "is_base64", "sound"]

# Values under these names are identifiers, enumerations or ciphertext: a change breaks the client,
# and none of them is text of the model.
OPAQUE = frozenset(
    {
        "approvalId",
        "call_id",
        "container_id",
        "created_at",
        "encrypted_content",
        "encrypted_index",
        "encrypted_stdout",
        "event_id",
        "expires_at",
        "file_id",
        "finish_reason",
        "id",
        "item_id",
        "messageId",
        "model",
        "object",
        "obfuscation",
        "previous_response_id",
        "providerMetadata",
        "response_id",
        "role",
        "service_tier",
        "signature",
        "sourceId",
        "status",
        "stop_reason",
        "system_fingerprint",
        "thoughtSignature",
        "thought_signature",
        "toolCallId",
        "tool_call_id",
        "tool_use_id",
        "type",
    },
)

# Below these names stands what the application or the model named itself: there an ``id`` may well
# be somebody's e-mail address, so nothing is skipped.
FOREIGN = frozenset(
    {"args", "arguments", "attributes", "input", "messageMetadata", "metadata", "structuredContent"}
)

# Names under which the arguments of a tool call stand, whatever the shape.
ARGUMENTS = frozenset({"args", "arguments", "partial_json"})

# Names under which a string is itself JSON text.
_JSON_TEXT = frozenset({"arguments", "partial_json"})

_MEDIA_TYPES = ("media_type", "mediaType", "mime_type", "mimeType")
_DATA_URL = re.compile(r"(data:[\w.+/;=-]{0,200};base64,)[A-Za-z0-9+/]*={0,2}")
_AUDIO_URL = "data:audio/"
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_AUDIO = re.compile(r"audio(?:/.*)?|(?:in|out)put_audio")
# Shorter than this a word of the model could pass for base64.
_BASE64_LEAST = 64


def is_base64(text: str) -> bool:
    """Whether a text is nothing but base64: a file, in which no guard can read."""
    return len(text) >= _BASE64_LEAST and _BASE64.fullmatch(text) is not None


def deep_scan(
    value: Any,
    path: Path = (),
    *,
    skip: Collection[str] = OPAQUE,
    repeats: bool = False,
    kind: str = "",
    arguments: Collection[str] = ARGUMENTS,
    foreign: Collection[str] = FOREIGN,
) -> Iterator[Whole | Sound]:
    """Yield every string leaf, depth first, as a text of its own; audio as what it is.

    In the arguments of a tool call numbers are leaves too. Object names are texts there, and
    wherever nothing is skipped. Elsewhere they are not: a client looks values up by them.

    Files are left out: base64 data URLs, and base64 beside a media type.

    Args:
        value: a JSON value.
        path: where it stands in its frame.
        skip: object names whose values are left alone.
        repeats: True where the texts say again what channels have said.
        kind: ``"tool"`` where all of it is arguments of a tool call.
        arguments: object names whose values are arguments of a tool call.
        foreign: object names below which nothing is skipped.
    """
    stack: list[tuple[Any, Path, Form, Collection[str], str]] = [(value, path, "text", skip, kind)]
    while stack:
        node, at, form, names, sort = stack.pop()
        if is_object(node):
            file = _file_name(node)
            if _is_sound(node):
                yield from sound((*at, "data"), node["data"])
                file = "data"
            for name in reversed(node):
                if name not in names and name != file:
                    inner = () if name in foreign else names
                    below = "tool" if name in arguments else sort
                    stack.append((node[name], (*at, name), _form(name), inner, below))
                if not names or sort == "tool":
                    stack.append((name, (*at, Name(name)), "text", names, sort))
        elif is_array(node):
            places = range(len(node) - 1, -1, -1)
            stack.extend((node[i], (*at, i), form, names, sort) for i in places)
        elif isinstance(node, str):
            yield from _string(Whole(at, node, form, repeats, sort))
        elif sort == "tool" and type(node) in (int, float) and (digits := plain_number(repr(node))):
            yield Whole(at, digits, "number", repeats, sort)


def _string(leaf: Whole) -> Iterator[Whole | Sound]:
    """Yield a string for what it is: audio, a text, or a file, which is nothing."""
    url = _DATA_URL.fullmatch(leaf.text) if leaf.text.startswith("data:") else None
    if url and leaf.text.startswith(_AUDIO_URL):
        yield Sound(leaf.path, url[1])
    elif leaf.text and not url:
        yield leaf


def sound(path: Path, data: str) -> Iterator[Whole | Sound]:
    """Yield audio; as a text too when it is none that anybody could play."""
    if data and not is_base64(data):
        yield Whole(path, data)
    if data:
        yield Sound(path)


def _is_sound(node: dict[str, Any]) -> bool:
    """Whether an object carries audio under ``data`` (OpenAI Responses, MCP)."""
    kinds = [node.get(name) for name in ("type", *_MEDIA_TYPES)]
    says = any(isinstance(kind, str) and _AUDIO.fullmatch(kind) for kind in kinds)
    return says and isinstance(node.get("data"), str)


def _file_name(node: dict[str, Any]) -> str | None:
    """Return the name under which an object carries a file (Anthropic, MCP)."""
    data = node.get("data")
    says = node.get("type") == "base64" or any(name in node for name in _MEDIA_TYPES)
    return "data" if says and isinstance(data, str) and is_base64(data) else None


def _form(name: str) -> Form:
    return "json" if name in _JSON_TEXT else "text"
