"""What the pages point to exists: tests, files, names, libraries."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

from streamward import errors
from streamward.doctor import RULES, report
from streamward.wire import DIALECTS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)")
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *(page for page in sorted(DOCS.rglob("*.md")) if "_build" not in page.parts),
]


@cache
def functions_in(path: Path) -> frozenset[str]:
    defined = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(
        n.name for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, defined)
    )


@pytest.mark.parametrize("page", ["promises.md", "bad-input.md"])
def test_every_test_that_is_named_exists(page):
    named = TEST.findall((REFERENCE / page).read_text())

    missing = [f"{path}::{name}" for path, name in named if name not in functions_in(ROOT / path)]

    assert len(named) > 20
    assert not missing


def test_every_promise_names_a_test():
    sections = (REFERENCE / "promises.md").read_text().split("\n## ")[1:]

    assert [section.partition(":")[0] for section in sections] == [f"P{n}" for n in range(1, 12)]
    assert all(TEST.search(section) for section in sections)


def test_every_row_of_bad_input_names_a_test():
    lines = (REFERENCE / "bad-input.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| input")]

    assert len(rows) > 20
    assert all(TEST.search(row) for row in rows)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_library_is_listed_with_its_reason(docs_ext):
    page = (REFERENCE / "libraries.md").read_text()
    listed = set(re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE))

    assert listed == {docs_ext.name_of(one) for one in docs_ext.dependencies()}


def test_every_extra_has_a_size():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    sizes = (REFERENCE / "sizes.md").read_text()

    assert all(f"streamward[{extra}]" in sizes for extra in project["optional-dependencies"])


def test_every_dialect_has_a_row(docs_ext):
    rows = [docs_ext.dialect_row(dialect) for dialect in DIALECTS]

    assert [row[0] for row in rows] == [f"`{dialect.name}`" for dialect in DIALECTS]
    assert all(all(row) for row in rows)
    assert "Plain text" in rows[-1][-1]


def test_every_fault_of_the_doctor_has_a_row(docs_ext):
    page = (DOCS / "how-to/find-where-a-stream-is-held.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", page, re.MULTILINE)
    lines = list(docs_ext.fault_rows())

    assert rows == [(rule.code, rule.says) for rule in RULES]
    assert list(dict.fromkeys(line[0] for line in lines)) == [f"`{rule.code}`" for rule in RULES]
    assert all(all(line) for line in lines)


def test_every_exit_code_of_the_doctor_has_a_row():
    page = (DOCS / "how-to/find-where-a-stream-is-held.md").read_text()
    codes = [report.FINE, report.FOUND, report.UNREACHED, report.NOT_A_STREAM]

    assert codes == [int(code) for code in re.findall(r"^\| (\d) \|", page, re.MULTILINE)]


def test_every_dialect_has_its_error_explained():
    page = (DOCS / "explanation/errors-in-mid-answer.md").read_text()

    assert all(f"`{dialect.name}`" in page for dialect in DIALECTS)


def test_every_code_that_a_client_can_get_is_explained():
    page = (DOCS / "how-to/heartbeats-timeouts-errors.md").read_text()
    told = (errors.UpstreamError, errors.GuardError, errors.NotCachedError, errors.StoppedError)
    told += (errors.ResumeError, errors.NotForwardedError)
    classes = [getattr(errors, name) for name in errors.__all__]
    codes = {c.code for c in classes if issubclass(c, told)} - {"guard_error"}

    assert codes == set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))


@pytest.fixture
def docs_ext(monkeypatch):
    """The Sphinx extension that makes the tables."""
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(str(DOCS / "ext"))
    import tables

    yield tables
    sys.modules.pop("tables", None)
