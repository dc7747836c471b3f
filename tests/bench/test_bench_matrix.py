"""The matrix of proxies and servers is measured, and says what the page shows. No figure is asserted."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from support.programs import ROOT, program
from support.proxies import PROXIES

CELL = {
    "proxy", "setup", "client", "server", "p50_ms", "p99_ms", "arrivals", "frames", "truncation", "abort",
}  # fmt: skip


def measured(tmp_path, *servers):
    results = tmp_path / "matrix.json"
    small = ["--nginx", program("nginx"), "--frames", "5", "--servers", *servers]
    subprocess.run(
        [sys.executable, "-m", "bench.matrix", *small, "--json", results],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT / 'src'}"},
        check=True,
        capture_output=True,
    )
    return json.loads(results.read_text())


def test_each_way_to_a_server_is_measured(tmp_path):
    result = measured(tmp_path, "uvicorn-h11", "gunicorn-wsgi")

    assert {cell["server"] for cell in result["cells"]} == {"uvicorn-h11", "gunicorn-wsgi"}
    assert len(result["cells"]) == 2 * (4 + 2 * len(PROXIES))
    assert all(cell.keys() == CELL and cell["frames"] == 5 for cell in result["cells"])
    assert {cell["setup"] for cell in result["cells"]} == {
        "no proxy",
        "proxy_pass alone",
        "deploy/nginx",
        *(f"deploy/{proxy.name}" for proxy in PROXIES),
    }
    assert result["machine"]["versions"].keys() >= {"uvicorn", "gunicorn"}


def test_the_committed_results_have_every_server():
    committed = json.loads((ROOT / "bench/results/matrix.json").read_text())
    ours = [cell for cell in committed["cells"] if cell["setup"] == "deploy/nginx"]

    assert {cell["server"] for cell in ours} >= {"uvicorn-h11", "hypercorn", "granian"}
    # What the kit is for; these are figures of a finished run, not of this machine.
    assert all(cell["p50_ms"] < 50 for cell in ours)
    assert all(cell["arrivals"] >= 0.8 * cell["frames"] for cell in ours)
    assert all(cell["abort"] for cell in ours)
    assert all(cell["truncation"] for cell in ours if cell["server"] != "granian-wsgi")
