"""Signatures and docstrings as a reader wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Have autodoc ask before it writes a signature."""
    app.connect("autodoc-process-signature", _readable)
    app.connect("autodoc-process-docstring", _whole, priority=400)  # before napoleon
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _readable(
    app: Sphinx,
    what: str,
    name: str,
    obj: Any,
    options: Any,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None] | None:
    del app, name, options
    if what == "class" and getattr(obj, "_is_protocol", False):
        return "", None  # nobody makes one
    if signature is not None and "<factory>" in signature:
        return signature.replace("<factory>", "..."), returns  # what it is, the text says
    return None


def _whole(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep napoleon from taking what stands before a colon for the type of a property."""
    del app, name, obj, options
    if what == "property":
        lines.insert(0, "")
