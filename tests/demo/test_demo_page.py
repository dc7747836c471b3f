"""The page: alone in its file, and working in a real browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from support.programs import program

from streamward.demo.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streamward.demo.servers import Demo

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --remote-debugging-pipe"
)
SHOWN_SECONDS = 30


class Browser:
    """Chromium, spoken to over a pair of pipes (DevTools protocol)."""

    def __init__(self, chromium: str, profile: Path) -> None:
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        command = (
            f"exec {chromium} {FLAGS} --user-data-dir={profile} 3<&{theirs_in} 4>&{theirs_out}"
        )
        self._process = subprocess.Popen(
            ["bash", "-c", command], pass_fds=(theirs_in, theirs_out), stderr=subprocess.DEVNULL
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._in = os.fdopen(ours_in, "rb")
        self._out = os.fdopen(ours_out, "wb")
        self._rest = b""
        self._number = 0
        self._session: dict[str, str] = {}

    def open(self, address: str) -> None:
        target = self._call("Target.createTarget", url=address)["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}

    def run(self, code: str) -> Any:
        return self._call("Runtime.evaluate", expression=code)["result"].get("value")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._in.close()
        self._out.close()

    def _call(self, method: str, **params: Any) -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params, **self._session}
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == self._number:
                return answer["result"]

    def _next(self) -> bytes:
        while b"\0" not in self._rest:
            piece = os.read(self._in.fileno(), 65536)
            assert piece, "chromium has gone"
            self._rest += piece
        message, _, self._rest = self._rest.partition(b"\0")
        return message


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(program("chromium"), tmp_path_factory.mktemp("chromium"))
    try:
        yield browser
    finally:
        browser.close()


def shows(browser: Browser, *words: str) -> None:
    """Wait until the page shows all of this."""
    deadline = time.monotonic() + SHOWN_SECONDS
    while any(word not in (text := browser.run("document.body.innerText") or "") for word in words):
        assert time.monotonic() < deadline, text
        time.sleep(0.1)


def test_loads_nothing_from_elsewhere(demo: Demo) -> None:
    page = httpx.get(demo.url)

    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert re.findall(r"""(?:src|href)=["'](?!data:)""", page.text) == []
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page.text) == []


def test_gives_each_browser_a_session_of_its_own(demo: Demo) -> None:
    with httpx.Client(base_url=demo.url) as one:
        first = one.get("/").cookies["streamward_demo"]
        assert "set-cookie" not in one.get("/").headers
        assert one.post("/demo/visitor").cookies["streamward_demo"] != first
    assert httpx.get(demo.url).cookies["streamward_demo"] != first


def test_gets_the_scenes_without_their_answers(demo: Demo) -> None:
    scenes = httpx.get(f"{demo.url}/demo/scenes").json()

    assert [scene["key"] for scene in scenes] == [scene.key for scene in SCENES]
    assert all("answer" not in scene for scene in scenes)


@pytest.mark.parametrize(
    ("scene", "shown"),
    [
        ("pii", ["complete", "- IBAN: <IBAN_CODE>", "- SSN: 078-05-1126", "US_SSN"]),
        ("tool", ["The arguments are valid JSON.", "send_email({", "ada.sample@mail.example.com"]),
        ("dies", ["upstream_error: ", "the transfer was cut", "after token 38 of 70"]),
        ("repeat", ["Nothing. It was not asked.", "Cache-Status: streamward; hit", "times faster"]),
        ("leave", ["You left in mid-answer.", "nobody was reading any more", "client_left"]),
    ],
)
def test_shows_what_happened(demo: Demo, browser: Browser, scene: str, shown: list[str]) -> None:
    browser.open(f"{demo.url}/?scene={scene}&autostart=1" + "&stop=30" * (scene == "leave"))

    shows(browser, *shown)
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")


def test_shows_heartbeats_while_they_come(demo: Demo, browser: Browser) -> None:
    browser.open(f"{demo.url}/?scene=slow&autostart=1")

    shows(browser, "streaming", "still there")
    assert browser.run("document.querySelectorAll('#beats i').length") >= 1
    browser.run("document.getElementById('stop').click()")
    shows(browser, "You left in mid-answer.")


def test_parses_server_sent_events_as_the_standard_says(demo: Demo, browser: Browser) -> None:
    browser.open(demo.url)
    shows(browser, "Personal data")
    browser.run("""
      const bytes = new TextEncoder().encode(
        "\\uFEFF: hi\\r\\n\\r\\ndata: ä\\rdata:b\\n\\n\\ndata\\r\\n\\r\\nid: 1\\n\\ndata: never");
      const body = new ReadableStream({ start(to) {
        for (const byte of bytes) to.enqueue(Uint8Array.of(byte));
        to.close();
      } });
      (async () => { const all = []; for await (const one of events(body)) all.push(one);
        document.title = JSON.stringify(all); })();
    """)

    deadline = time.monotonic() + SHOWN_SECONDS
    while not (title := browser.run("document.title")).startswith("["):
        assert time.monotonic() < deadline
    assert json.loads(title) == [{"comment": "hi"}, {"data": "ä\nb"}, {"data": ""}]
