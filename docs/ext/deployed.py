"""Tables about proxies: known limits, recipes that do not work, and what was measured."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tables import Table

from streamward.deploy import HOPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sphinx.application import Sphinx

_ROOT = Path(__file__).parents[2]
_RESULTS = _ROOT / "bench/results/matrix.json"


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx the directives."""
    app.add_directive("hop-table", HopTable)
    app.add_directive("recipe-table", RecipeTable)
    app.add_directive("matrix-table", MatrixTable)
    app.add_directive("matrix-versions", MatrixVersions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class HopTable(Table):
    """The rows of ``streamward.deploy.HOPS``."""

    def head(self) -> Sequence[str]:
        return (
            "`--behind`",
            "what",
            "idle limit",
            "limit on the whole answer",
            "setting",
            "source",
        )

    def rows(self) -> Iterable[Sequence[str]]:
        for hop in HOPS.values():
            source = hop.source
            link = f"[{source.split('/')[0]}](https://{source})"
            yield (
                f"`{hop.name}`",
                hop.title,
                _seconds(hop.idle),
                _seconds(hop.whole),
                hop.setting,
                link,
            )


class RecipeTable(Table):
    """The rows of ``tests/support/recipes.py``, each of which a test shows."""

    def head(self) -> Sequence[str]:
        return ("recipe", "what happens", "lines")

    def rows(self) -> Iterable[Sequence[str]]:
        self.env.note_dependency(str(_ROOT / "tests/support/recipes.py"))
        if (tests := str(_ROOT / "tests")) not in sys.path:
            sys.path.append(tests)
        from support.recipes import RECIPES

        for recipe in RECIPES:
            lines = " ".join(f"{recipe.http} {recipe.location}".split())
            mended = ".".join(map(str, recipe.mended))
            fault = f"{recipe.fault}; not from {mended} on" if mended else recipe.fault
            yield recipe.name, fault, f"`{lines}`" if lines else "-"


class MatrixTable(Table):
    """The cells of the last measurement that was committed; the argument is a setup."""

    required_arguments = 1
    final_argument_whitespace = True

    def head(self) -> Sequence[str]:
        return (
            "server",
            "proxy",
            "client",
            "delay, ms",
            "arrivals",
            "crash seen",
            "leaving seen",
        )

    def rows(self) -> Iterable[Sequence[str]]:
        cells = _results(self)["cells"]
        setup = self.arguments[0]
        return map(_cell, [one for one in cells if one["setup"] == setup])


class MatrixVersions(Table):
    """What that measurement ran on."""

    def head(self) -> Sequence[str]:
        return ("program", "version")

    def rows(self) -> Iterator[Sequence[str]]:
        result = _results(self)
        machine = result["machine"]
        yield "Python", machine["python"]
        yield from machine["versions"].items()
        proxies = {one["proxy"] for one in result["cells"]} - {"-"}
        for proxy in sorted(proxies):
            yield tuple(proxy.split(" ", 1))
        yield "system", f"{machine['system']}, {machine['cores']} cores"


def _results(table: Table) -> Any:
    table.env.note_dependency(str(_RESULTS))
    return json.loads(_RESULTS.read_text(encoding="utf-8"))


def _cell(cell: dict[str, Any]) -> Sequence[str]:
    return (
        cell["server"],
        cell["proxy"],
        cell["client"],
        f"{cell['p50_ms']:.1f} / {cell['p99_ms']:.1f}",
        str(cell["arrivals"]),
        "yes" if cell["truncation"] else "**no**",
        "yes" if cell["abort"] else "**no**",
    )


def _seconds(limit: int | None) -> str:
    return "-" if limit is None else f"{limit} s"
