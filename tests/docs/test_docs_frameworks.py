"""The rows of ``docs/reference/frameworks.md``: each example is what it is said to be, and run."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from support.steered import PAIRS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/frameworks.md").read_text()
ROWS = re.findall(r"^\| [\w, ]+ \| `(.+)` \| `(examples/\S+)` \|$", PAGE, re.MULTILINE)
SERVERS = re.findall(r"^\| ([^|]+?) \| (\S+) \| [^|]+ \| [^|]+ \| `(\S+)` \|$", PAGE, re.MULTILINE)


def test_every_example_has_its_row_and_is_run():
    files = {path.stem for path in (ROOT / "examples/frameworks").glob("*.py")} - {"model"}

    assert {Path(example).stem for _, example in ROWS} == files
    assert {name for name, _ in PAIRS} == files


@pytest.mark.parametrize(("line", "example"), ROWS, ids=[Path(row[1]).stem for row in ROWS])
def test_the_line_stands_in_its_example_beside_five_others(line, example):
    source = (ROOT / example).read_text()
    imports = [
        node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    below = source.splitlines()[imports[-1].lineno :]
    others = [one for one in below if one.strip() and one != line]

    assert line in source.splitlines()
    assert len(others) <= 5


def test_every_server_names_a_test_that_there_is():
    assert len(SERVERS) >= 14
    assert all((ROOT / test).is_file() for _, _, test in SERVERS)
    assert len({(server, version) for server, version, _ in SERVERS}) == len(SERVERS)
