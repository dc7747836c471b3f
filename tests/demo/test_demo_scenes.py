"""Every scene, over real HTTP, byte by byte."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from support.asking import BROKEN

from streamward.cache import RedisCache
from streamward.demo.scenes import SCENES
from streamward.demo.servers import running

if TYPE_CHECKING:
    from streamward.demo.servers import Demo

PROMPTS = {scene.key: scene.prompt for scene in SCENES}
PATH = "/v1/chat/completions"
SECRETS = (
    "ada.sample", "mail.example", "555-0123", "7946", "4111", "078-05", "DE89", "192.0.2", "f00ba7",
    "café", "caf\\u00e9", "shop.example",
)  # fmt: skip


def request(prompt: str, **more: Any) -> dict[str, Any]:
    return {
        "model": "scripted-1",
        "stream": True,
        "messages": [{"role": "user", "content": prompt}],
        **more,
    }


def ask(
    demo: Demo, prompt: str, *, headers: dict[str, str] | None = None, **more: Any
) -> httpx.Response:
    with httpx.Client(base_url=demo.url, timeout=30) as client:
        return client.post(PATH, json=request(prompt, **more), headers=headers)


def chunks(body: str) -> list[Any]:
    lines = [line[6:] for line in body.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def text(body: str) -> str:
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks(body) if chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


def status(demo: Demo, visit: str) -> Any:
    """Return what the demo knows of a request, once it is over (and its answer is kept)."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        entry = httpx.get(f"{demo.url}/demo/status", params={"visit": visit}).json()
        upstream = entry["upstream"]
        if entry["report"] and (upstream is None or upstream["state"] != "speaking"):
            return entry
        time.sleep(0.02)
    pytest.fail("no report came")


def test_no_secret_is_in_the_bytes_of_an_answer_full_of_them(demo: Demo) -> None:
    response = ask(demo, PROMPTS["pii"], headers={"x-request-id": "pii-1"})

    assert [secret for secret in SECRETS if secret in response.text] == []
    said = text(response.text)
    for entity in (
        "EMAIL_ADDRESS",
        "PHONE_NUMBER",
        "CREDIT_CARD",
        "US_SSN",
        "IBAN_CODE",
        "IP_ADDRESS",
        "URL",
    ):
        assert f"<{entity}>" in said
    assert "She ordered 3 books and 12 pencils, 59.90 in total" in said
    assert response.text.endswith("data: [DONE]\n\n")
    entry = status(demo, "pii-1")
    assert "4111 1111 1111 1111" in entry["upstream"]["said"]
    assert entry["report"]["outcome"] == "complete"
    assert sum(entry["report"]["findings"].values()) == 9


def test_an_answer_without_credentials_is_guarded_but_not_kept(demo: Demo) -> None:
    response = ask(demo, PROMPTS["pii"])

    assert response.headers["cache-status"] == "streamward; fwd=bypass; detail=no-principal"


def test_the_arguments_of_a_tool_call_stay_json(demo: Demo) -> None:
    response = ask(demo, PROMPTS["tool"])

    assert [secret for secret in SECRETS if secret in response.text] == []
    calls = [chunk["choices"][0]["delta"].get("tool_calls") for chunk in chunks(response.text)]
    arguments = "".join(call[0]["function"]["arguments"] for call in calls if call)
    assert json.loads(arguments) == {
        "to": "<EMAIL_ADDRESS>",
        "subject": "Ihre Bücher",
        "body": "Guten Tag, wir haben 59.90 von Karte <CREDIT_CARD> abgebucht. "
        "Rückfragen: <PHONE_NUMBER> oder <EMAIL_ADDRESS>.",
        "priority": 2,
    }


def test_an_upstream_that_dies_ends_in_an_error_frame_and_a_cut(demo: Demo) -> None:
    received: list[bytes] = []
    with httpx.Client(base_url=demo.url) as client:
        asking = client.stream(
            "POST", PATH, json=request(PROMPTS["dies"]), headers={"x-request-id": "dies-1"}
        )
        with asking as response, pytest.raises(BROKEN):
            received.extend(response.iter_raw())

    *_, last = chunks(b"".join(received).decode())
    assert last["error"]["code"] == "upstream_error"
    assert "data: [DONE]" not in b"".join(received).decode()
    entry = status(demo, "dies-1")
    assert entry["upstream"]["state"] == "died"
    assert (entry["report"]["outcome"], entry["report"]["code"]) == ("failed", "upstream_error")


def test_a_silent_upstream_is_bridged_by_heartbeats(demo: Demo) -> None:
    response = ask(demo, PROMPTS["slow"], headers={"x-request-id": "slow-1"})

    beats = response.text.count(": ping\n\n")
    assert beats >= 5
    entry = status(demo, "slow-1")
    assert entry["report"]["heartbeats"] == beats
    assert text(response.text) == entry["upstream"]["said"]


def test_the_same_request_of_the_same_person_is_replayed(demo: Demo) -> None:
    who = {"authorization": "Bearer ada"}
    first = ask(demo, PROMPTS["repeat"], headers={**who, "x-request-id": "repeat-1"})
    assert status(demo, "repeat-1")["report"]["cache"] == "stored"
    again = ask(demo, PROMPTS["repeat"], headers={**who, "x-request-id": "repeat-2"})
    other = ask(demo, PROMPTS["repeat"], headers={"authorization": "Bearer bob"})

    assert again.content == first.content
    assert first.headers["cache-status"] == "streamward; fwd=uri-miss"
    assert again.headers["cache-status"].startswith("streamward; hit; ttl=")
    assert again.headers["age"].isdigit()
    assert other.headers["cache-status"] == "streamward; fwd=uri-miss"
    entry = status(demo, "repeat-2")
    assert (entry["report"]["cache"], entry["upstream"]) == ("hit", None)


def test_the_model_stops_when_the_reader_leaves(demo: Demo) -> None:
    client = httpx.Client(base_url=demo.url)
    with (
        client,
        client.stream(
            "POST", PATH, json=request(PROMPTS["leave"]), headers={"x-request-id": "leave-1"}
        ) as response,
    ):
        received = 0
        for piece in response.iter_raw():
            received += piece.count(b"data: ")
            if received > 20:
                break

    entry = status(demo, "leave-1")
    assert entry["report"]["outcome"] == "client_left"
    assert entry["upstream"]["state"] == "left"
    assert 20 <= entry["upstream"]["tokens"] < entry["upstream"]["total"]


def test_ones_own_words_come_back_guarded(demo: Demo) -> None:
    response = ask(demo, "I am at grace.sample@mail.example.com, and happy.")

    assert "I am at <EMAIL_ADDRESS>, and happy." in text(response.text)


def test_what_is_no_chat_request_is_refused(demo: Demo) -> None:
    assert httpx.post(demo.url + PATH, content=b"[1").status_code == 422
    refused = httpx.post(demo.url + PATH, json={"messages": "hello"})
    assert refused.status_code == 400
    assert refused.json()["error"]["type"] == "invalid_request_error"


async def test_redis_can_keep_the_answers(redis_server) -> None:
    store = RedisCache(redis_server.url, prefix="demo-test")
    who = {"authorization": "Bearer ada", "x-request-id": "redis-1"}
    async with (
        running(store=store, tempo=50) as demo,
        httpx.AsyncClient(base_url=demo.url, headers=who) as client,
    ):
        first = await client.post(PATH, json=request(PROMPTS["repeat"]))
        kept = await asyncio.to_thread(status, demo, "redis-1")
        again = await client.post(PATH, json=request(PROMPTS["repeat"]))
    await store.close()

    assert kept["report"]["cache"] == "stored"
    assert again.content == first.content
    assert again.headers["cache-status"].startswith("streamward; hit")
