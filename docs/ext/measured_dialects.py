"""The table of what a token costs to read: ``bench/results/dialects.json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tables import ResultsTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx the directive."""
    app.add_directive("dialect-costs", DialectCosts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _costs(result: Any) -> Iterator[Sequence[str]]:
    for name, row in result["us_per_token"].items():
        parse = f"{row['parse']:.2f}" if "parse" in row else "-"
        ratio = f"{row['ratio']:.1f}" if "ratio" in row else "-"
        before = f"{row['before']:.1f}" if "before" in row else "-"
        yield f"`{name}`", parse, before, f"{row['after']:.1f}", ratio


class DialectCosts(ResultsTable):
    """The table of ``bench/results/dialects.json``."""

    RESULTS = "dialects.json"
    TABLES: ClassVar = {
        "read": (("dialect", "parse", "read, before", "read, now", "now to parse"), _costs)
    }
