"""The pages build without a warning, and no tool of theirs is needed to use the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_pages_build_without_a_warning(tmp_path):
    for library in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(library)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    command += ["-d", str(tmp_path / "doctrees"), str(ROOT / "docs"), str(tmp_path / "html")]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    pages = {page: page.read_text() for page in (tmp_path / "html").rglob("*.html")}
    assert not [page for page, text in pages.items() if "```" in text], "a fence was not closed"
    api = (tmp_path / "html/reference/api.html").read_text()
    assert "Makes the streams of an ASGI application safe" in api
    assert "How much more of a channel must arrive" in api
    assert "openai_responses" in (tmp_path / "html/reference/dialects.html").read_text()
