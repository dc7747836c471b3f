"""npm ``@modelcontextprotocol/sdk`` over real HTTP: the call of a tool, with its progress."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from support.clients import CLEAN, SECRETS, TEXT, WORDS
from support.javascript import made_of

sys.path.insert(0, str(Path(__file__).parent))

from test_mcp_sdk import Server

from streamward import Policy, Streamward
from streamward.guardrails import PII


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    pii, beating = [PII()], Policy(heartbeat=0.03)
    blocking = [PII(actions={"CREDIT_CARD": "block"})]
    asked = {
        "tool/clean": Streamward(Server(CLEAN), guards=pii),
        "tool/edited": Streamward(Server(TEXT), guards=pii),
        "tool/heartbeats": Streamward(Server(TEXT, pause=0.1), guards=pii, policy=beating),
        "tool/failed": Streamward(Server(CLEAN, fails=True), guards=pii),
        "tool/cut": Streamward(Server(CLEAN, stops=True), guards=pii),
        "tool/blocked": Streamward(Server(TEXT), guards=blocking),
    }
    return made_of("mcp", asked, tmp_path_factory.mktemp("mcp"))


@pytest.mark.parametrize(
    ("scene", "words"), [("clean", CLEAN), ("edited", WORDS), ("heartbeats", WORDS)]
)
def test_a_result_is_redacted_wherever_it_is_said(
    told: dict[str, Any], scene: str, words: str
) -> None:
    one = told[f"tool/{scene}"]

    assert one["error"] is None
    assert one["text"] == one["tool"] == one["progress"] == words


@pytest.mark.parametrize(
    ("scene", "reason"), [("failed", "upstream"), ("cut", "upstream"), ("blocked", "policy")]
)
def test_a_problem_throws_the_clients_own(told: dict[str, Any], scene: str, reason: str) -> None:
    """It waits for an answer that bears the id of its call, and for nothing else."""
    error = told[f"tool/{scene}"]["error"]

    assert error["name"] == "McpError"
    assert reason in error["message"]


def test_nobody_hears_a_secret(told: dict[str, Any]) -> None:
    assert not [secret for secret in SECRETS if secret in str(told)]
