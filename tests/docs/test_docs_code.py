"""Every Python block in the pages runs, in the order of its page; ``no-run`` blocks compile."""

from __future__ import annotations

import ast
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts),
]
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>python[^\n]*)\n(?P<code>.*?)^ *```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    code: str
    runs: bool


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    for fence in FENCE.finditer(text):
        indent = len(fence["indent"])
        code = "".join(line[indent:] or "\n" for line in fence["code"].splitlines(keepends=True))
        line = text.count("\n", 0, fence.start()) + 1
        found.append(Block(page, line, code, "no-run" not in fence["info"].split()))
    return found


def compiled(block: Block):
    """Compile a block so that a traceback shows the line of the page."""
    return compile("\n" * block.line + block.code, str(block.page), "exec", dont_inherit=True)


@pytest.fixture
def examples_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))


WITH_CODE = [page for page in PAGES if page.exists() and blocks(page)]


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_of_a_page_runs(page, examples_on_path):
    namespace = {"__name__": "page"}

    for block in blocks(page):
        code = compiled(block)
        if block.runs:
            exec(code, namespace)  # noqa: S102 - our own pages


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_block_imports_is_there(page, examples_on_path):
    """Also in the blocks that do not run: each module, and each name taken from one."""
    for block in blocks(page):
        for node in ast.walk(ast.parse(block.code)):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    assert importlib.util.find_spec(alias.name), alias.name
            elif isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module or "")
                assert all(hasattr(module, alias.name) for alias in node.names), node.module


def test_blocks_are_found():
    assert len(WITH_CODE) >= 9
    assert sum(len(blocks(page)) for page in WITH_CODE) >= 25
