"""Writes a kit for a site: the shipped files, with the example's values exchanged."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

from ..errors import ConfigurationError
from .kits import Kit
from .site import EXAMPLE, Site

__all__ = ["render"]


def render(kit: Kit, site: Site = EXAMPLE, variants: Collection[str] = ()) -> dict[str, str]:
    """Return the text of each file of a kit, by its path below the folder that is written.

    Args:
        kit: one of :data:`KITS`.
        site: for the example itself, every file is as it was shipped.
        variants: names from ``kit.variants``.

    Raises:
        ConfigurationError: the kit has no such variant.
    """
    exchange: dict[str, str] = {}
    written = kit.written(site)
    for name, old in kit.written(EXAMPLE).items():
        exchange[old] = written[name]
    for variant in variants:
        if variant not in kit.variants:
            known = ", ".join(kit.variants) or "none"
            raise ConfigurationError(f"{kit.name} has no variant {variant!r}: it has {known}")
        exchange.update(kit.variants[variant])
    shipped = _shipped(files("streamward.deploy") / "files" / kit.name)
    return {path: _exchanged(text, exchange) for path, text in shipped.items()}


def _shipped(folder: Traversable, above: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            found |= _shipped(entry, f"{above}{entry.name}/")
        else:
            found[above + entry.name] = entry.read_text(encoding="utf-8")
    return found


def _exchanged(text: str, exchange: Mapping[str, str]) -> str:
    """Exchange all at once, so that no value is taken for another that was just written."""
    longest_first = sorted(exchange, key=len, reverse=True)
    found = re.compile("|".join(map(re.escape, longest_first)))
    return found.sub(lambda match: exchange[match[0]], text)
