"""Find every text in a JSON value whose shape nobody described."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from .json_splice import Path
from .reading import Form, Whole

__all__ = ["OPAQUE", "deep_scan"]

# Values under these names are identifiers, enumerations or ciphertext: a change breaks the client,
# and none of them is text of the model.
OPAQUE = frozenset(
    {
        "call_id",
        "encrypted_content",
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
        "status",
        "stop_reason",
        "system_fingerprint",
        "thoughtSignature",
        "toolCallId",
        "tool_call_id",
        "tool_use_id",
        "type",
    },
)

# Names under which a string is itself JSON text.
_JSON_TEXT = frozenset({"arguments", "partial_json"})


def deep_scan(
    value: Any,
    path: Path = (),
    *,
    skip: Collection[str] = OPAQUE,
    repeats: bool = False,
) -> Iterator[Whole]:
    """Yield every string leaf, depth first, as a text of its own.

    Args:
        value: a JSON value.
        path: where it stands in its frame.
        skip: object names whose values are left alone.
        repeats: True where the texts say again what channels have said.
    """
    stack: list[tuple[Any, Path, Form]] = [(value, path, "text")]
    while stack:
        node, at, form = stack.pop()
        if isinstance(node, str):
            if node:
                yield Whole(at, node, form, repeats)
        elif isinstance(node, dict):
            items = [
                (child, (*at, name), _form(name))
                for name, child in node.items()
                if name not in skip
            ]
            stack.extend(reversed(items))
        elif isinstance(node, list):
            stack.extend((node[i], (*at, i), form) for i in range(len(node) - 1, -1, -1))


def _form(name: str) -> Form:
    return "json" if name in _JSON_TEXT else "text"
