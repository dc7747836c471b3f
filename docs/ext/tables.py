"""Tables made from what really is: the dialects of the code, and the versions that are installed.

A directive writes Markdown and lets the page's own parser read it.
"""

from __future__ import annotations

import importlib
import inspect
import json
import platform
import re
import sys
import tomllib
from abc import ABC, abstractmethod
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sphinx.util.docutils import SphinxDirective

from streamward.doctor import RULES
from streamward.doctor.advice import ADVICE
from streamward.wire import DIALECTS, Framing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import ModuleType

    from docutils import nodes
    from sphinx.application import Sphinx

    from streamward.wire import Dialect

_HOPS = {"app": "the application", "unknown": "any other"}
_BENCH = Path(__file__).parents[2] / "bench/results"
_PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx the directives."""
    app.add_directive("constant-table", ConstantTable)
    app.add_directive("dialect-table", DialectTable)
    app.add_directive("fault-table", FaultTable)
    app.add_directive("version-table", VersionTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Table(SphinxDirective, ABC):
    """A directive without content that is a table."""

    @abstractmethod
    def head(self) -> Sequence[str]: ...

    @abstractmethod
    def rows(self) -> Iterable[Sequence[str]]: ...

    def run(self) -> list[nodes.Node]:
        head = self.head()
        lines = [_line(head), _line(["---"] * len(head)), *map(_line, self.rows())]
        return self.parse_text_to_nodes("\n".join(lines))


class ResultsTable(Table):
    """One table of a measurement that was committed; the argument is its name in ``TABLES``."""

    RESULTS: ClassVar[str]
    """The file in ``bench/results``."""
    TABLES: ClassVar[Mapping[str, tuple[Sequence[str], Callable[[Any], Iterable[Sequence[str]]]]]]
    """For each table its head, and what makes the rows of the results."""

    required_arguments = 1

    def head(self) -> Sequence[str]:
        return self.TABLES[self.arguments[0]][0]

    def rows(self) -> Iterable[Sequence[str]]:
        results = _BENCH / self.RESULTS
        self.env.note_dependency(str(results))
        return self.TABLES[self.arguments[0]][1](json.loads(results.read_text(encoding="utf-8")))


class DialectTable(Table):
    """The rows of ``streamward.wire.DIALECTS``, in the order in which they are asked."""

    def head(self) -> Sequence[str]:
        return ("name", "framing", "heartbeat", "path ends with", "what it is")

    def rows(self) -> Iterable[Sequence[str]]:
        return map(dialect_row, DIALECTS)


class FaultTable(Table):
    """Each fault that the doctor knows, and the line to change, for every hop that it can name."""

    def head(self) -> Sequence[str]:
        return ("fault", "hop", "what to change")

    def rows(self) -> Iterable[Sequence[str]]:
        return fault_rows()


class VersionTable(Table):
    """Each library of pyproject.toml, and the version that these pages were built with."""

    def head(self) -> Sequence[str]:
        return ("library", "asked for", "installed here")

    def rows(self) -> Iterable[Sequence[str]]:
        yield "Python", _project()["requires-python"], platform.python_version()
        for requirement in dependencies():
            name = name_of(requirement)
            yield name, f"`{requirement.removeprefix(name)}`", _installed(name)


class ConstantTable(Table):
    """The public names of a module that are neither classes nor functions."""

    required_arguments = 1

    def head(self) -> Sequence[str]:
        return ("name", "value")

    def rows(self) -> Iterable[Sequence[str]]:
        module = importlib.import_module(self.arguments[0])
        for name in module.__all__:
            value = getattr(module, name)
            if not inspect.isclass(value) and not inspect.isfunction(value):
                yield f"`{name}`", _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, Framing):
        return f"the framing `{value.name}`"
    if value is DIALECTS:
        return "the table of {doc}`dialects`"
    return f"`{re.sub(r'[a-z_][a-z_.]*[.](?=[A-Z])', '', str(value))}`"


def fault_rows() -> Iterable[tuple[str, str, str]]:
    """Return the cells of each fault and hop."""
    for rule in RULES:
        for hop, change in ADVICE[rule.code].items():
            yield f"`{rule.code}`", _HOPS.get(hop, hop), change


def dialect_row(dialect: Dialect) -> tuple[str, str, str, str, str]:
    """Return the cells of one dialect."""
    module = _module_of(dialect)
    heartbeat = repr(dialect.heartbeat.decode())[1:-1]
    return (
        f"`{dialect.name}`",
        dialect.framing.name,
        f"`{heartbeat}`" if heartbeat.strip() else "one space" if heartbeat else "none",
        " ".join(f"`{path}`" for path in dialect.paths) or "-",
        (module.__doc__ or "").strip().splitlines()[0],
    )


def _module_of(dialect: Dialect) -> ModuleType:
    """Return the module that makes a row."""
    rooms = [one for name, one in sys.modules.items() if ".wire.dialects." in name]
    return next(one for one in rooms if any(value is dialect for value in vars(one).values()))


def dependencies() -> list[str]:
    """Return the requirements of the base and of every extra; those on ourselves left out."""
    project = _project()
    wanted = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wanted += [one for one in extra if not one.startswith("streamward")]
    return wanted


def name_of(requirement: str) -> str:
    """Return the name of the library that a requirement asks for."""
    found = re.match(r"[\w.-]+", requirement)
    return found[0] if found else requirement


def _project() -> dict[str, Any]:
    return tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "-"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
