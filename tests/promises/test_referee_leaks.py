"""An independent referee (``pii-leak-benchmark`` on PyPI) drives a whole gateway over HTTP.

It sends personal data in prompts, has the model echo it and say new data of its own, cuts both at
every position, and looks for any of it where it must not be.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from support.servers import free_port, running

from streamward import Policy, Streamward
from streamward.guardrails import PII


def gateway(upstream: str) -> FastAPI:
    """A gateway as one writes it: a proxy, and one line."""
    app = FastAPI()
    app.add_middleware(Streamward, guards=[PII()], policy=Policy(prompt="pseudonymise"))

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> StreamingResponse:
        body = await request.body()

        async def answer() -> AsyncIterator[bytes]:
            async with (
                httpx.AsyncClient(timeout=20) as client,
                client.stream("POST", upstream, content=body) as response,
            ):
                async for chunk in response.aiter_raw():
                    yield chunk

        return StreamingResponse(answer(), media_type="text/event-stream")

    return app


def report(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / name).read_text())
    return found


@pytest.mark.timeout(300)
def test_nothing_leaks_at_any_cut_and_every_value_comes_back(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "pii_leak_benchmark.v2_cli", "--out", str(tmp_path)]
    command += ["--only", "passthrough", "--exhaustive-splits", "--partial-emission"]
    command += ["--seed", "7cdbeb8e84627145", "--upstream-port", str(port)]
    with running(gateway(f"http://127.0.0.1:{port}/v1/chat/completions")) as url:
        command += ["--gateway-url", f"{url}/v1/chat/completions"]
        subprocess.run(command, check=False, capture_output=True, timeout=280)

    metrics = report(tmp_path, "passthrough.json")["metrics"]
    partial = report(tmp_path, "passthrough.partial-emission.json")

    assert metrics["cases_scored"] == 32
    assert metrics["leak_rate"] == {"single_chunk": 0.0, "adversarial": 0.0, "overall": 0.0}
    assert metrics["delta_frag"] == 0.0
    assert metrics["fidelity_rate"] == 1.0
    assert not any(case["partial_emission"] for case in partial["cases"])
