"""Find every text in a JSON value whose shape nobody described."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from .json_codec import is_array, is_object
from .json_splice import Path
from .reading import Form, Whole

__all__ = ["OPAQUE", "deep_scan", "is_base64"]

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
_FOREIGN = frozenset(
    {"args", "arguments", "attributes", "input", "messageMetadata", "metadata", "structuredContent"}
)

# Names under which a string is itself JSON text.
_JSON_TEXT = frozenset({"arguments", "partial_json"})

_MEDIA_TYPES = ("media_type", "mediaType", "mime_type", "mimeType")
_DATA_URL = re.compile(r"data:[\w.+/;=-]{0,200};base64,[A-Za-z0-9+/]*={0,2}")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
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
) -> Iterator[Whole]:
    """Yield every string leaf, depth first, as a text of its own.

    Files are left out: base64 data URLs, and base64 beside a media type. Object names are not
    texts: a client looks values up by them.

    Args:
        value: a JSON value.
        path: where it stands in its frame.
        skip: object names whose values are left alone.
        repeats: True where the texts say again what channels have said.
    """
    stack: list[tuple[Any, Path, Form, Collection[str]]] = [(value, path, "text", skip)]
    while stack:
        node, at, form, names = stack.pop()
        if isinstance(node, str):
            if node and not (node.startswith("data:") and _DATA_URL.fullmatch(node)):
                yield Whole(at, node, form, repeats)
        elif is_object(node):
            file = _file_name(node)
            stack.extend(
                (node[name], (*at, name), _form(name), () if name in _FOREIGN else names)
                for name in reversed(node)
                if name not in names and name != file
            )
        elif is_array(node):
            stack.extend((node[i], (*at, i), form, names) for i in range(len(node) - 1, -1, -1))


def _file_name(node: dict[str, Any]) -> str | None:
    """Return the name under which an object carries a file (Anthropic, MCP)."""
    data = node.get("data")
    says = node.get("type") == "base64" or any(name in node for name in _MEDIA_TYPES)
    return "data" if says and isinstance(data, str) and is_base64(data) else None


def _form(name: str) -> Form:
    return "json" if name in _JSON_TEXT else "text"
