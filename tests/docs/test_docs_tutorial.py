"""The tutorial is played from beginning to end, over real HTTP."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from support.servers import running
from support.streams import chat_text

PAGE = Path(__file__).parents[2] / "docs/tutorial/first-stream.md"
URL = "http://127.0.0.1:8000"
PATH = "/v1/chat/completions"


@pytest.fixture(scope="module")
def steps() -> list[str]:
    """The app, the one line, the client, and the line with a cache."""
    found = re.findall(r"^```python[^\n]*\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(found) == 4
    return found


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Take the pause out of the scripted model, and leave everybody else's."""
    sleep = asyncio.sleep
    monkeypatch.setattr("asyncio.sleep", lambda seconds: sleep(0 if seconds == 0.05 else seconds))


def app_of(*steps: str):
    namespace = {"__name__": "app"}
    for step in steps:
        exec(compile(step, str(PAGE), "exec", dont_inherit=True), namespace)  # noqa: S102
    return namespace["app"]


def test_without_the_line_the_address_can_be_read(steps):
    with running(app_of(steps[0])) as url:
        body = httpx.post(url + PATH).content

    assert "ada.sample@example.com" in chat_text(body)


def test_with_the_line_it_cannot(steps):
    with running(app_of(*steps[:2])) as url:
        body = httpx.post(url + PATH).content

    assert "her card <CREDIT_CARD>. Anything else?" in chat_text(body)
    assert b"samp" not in body
    assert b'{"content": "is <EMAIL_ADDRESS>"}' in body  # as the page shows it


def test_the_official_client_prints_what_the_page_says(steps):
    assert steps[2].count(URL) == 1
    with running(app_of(*steps[:2])) as url:
        command = [sys.executable, "-c", steps[2].replace(URL, url)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert printed.strip() in PAGE.read_text().splitlines()
    assert "<EMAIL_ADDRESS>" in printed


def test_the_second_answer_is_a_replay(steps):
    line = steps[1].partition("app.add_middleware")[0]
    with running(app_of(steps[0], line, steps[3])) as url:
        answers = [httpx.post(url + PATH, headers={"authorization": "Bearer me"}) for _ in "12"]

    assert answers[0].headers["cache-status"] == "streamward; fwd=uri-miss"
    assert answers[1].headers["cache-status"].startswith("streamward; hit; ttl=")
    assert answers[0].content == answers[1].content
