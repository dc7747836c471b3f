"""The official ``openai`` SDK over real HTTP, with PII guarded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from support.servers import running
from support.streams import DONE, ScriptedApp, chat, chat_frame

from streamward import Policy, Streamward
from streamward.guardrails import PII, Channels

SECRETS = ["jane.doe@example.com", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"]
TEXT = f"Write to {SECRETS[0]}, card {SECRETS[1]}, IBAN {SECRETS[2]}. Thank you!"
CLEAN = "Streaming answers are pleasant to read when nothing holds them back."


@pytest.fixture(scope="module")
def pii() -> PII:
    return PII()


@pytest.fixture
def ask(pii: PII) -> Iterator[Any]:
    """Return a function that serves a script and gives an SDK client for it."""
    import contextlib

    with contextlib.ExitStack() as stack:

        def client(app: Any, **settings: Any) -> openai.OpenAI:
            url = stack.enter_context(running(Streamward(app, guards=[pii], **settings)))
            sdk = openai.OpenAI(base_url=f"{url}/v1", api_key="key", max_retries=0)
            return stack.enter_context(sdk)

        yield client


def pieces(text: str, size: int = 3) -> list[str]:
    return [text[i : i + size] for i in range(0, len(text), size)]


def stream_text(client: openai.OpenAI, **more: Any) -> str:
    messages: Any = [{"role": "user", "content": "hi"}]
    stream = client.chat.completions.create(model="m", messages=messages, stream=True, **more)
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def test_an_answer_without_findings_is_the_same(ask):
    client = ask(ScriptedApp(chat(pieces(CLEAN))))

    assert stream_text(client) == CLEAN


def test_an_answer_with_findings_is_redacted(ask):
    client = ask(ScriptedApp(chat(pieces(TEXT))))

    text = stream_text(client)

    assert text == "Write to <EMAIL_ADDRESS>, card <CREDIT_CARD>, IBAN <IBAN_CODE>. Thank you!"


def test_the_stream_helper_has_no_secret_either(ask):
    client = ask(ScriptedApp(chat(pieces(TEXT))))

    with client.chat.completions.stream(
        model="m", messages=[{"role": "user", "content": "hi"}]
    ) as stream:
        events = list(stream)
        final = stream.get_final_completion()

    assert final.choices[0].message.content is not None
    assert not any(secret in str(events) + str(final) for secret in SECRETS)
    assert final.choices[0].message.content.startswith("Write to <EMAIL_ADDRESS>")


def test_tool_arguments_are_redacted_and_stay_json(ask):
    arguments = json.dumps({"to": SECRETS[0], "note": f'He said "{SECRETS[1]}" \u00e9\U0001f600'})
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "send_mail"}}
    frames = [
        chat_frame(
            {
                "role": "assistant",
                "tool_calls": [{**call, "function": {"name": "send_mail", "arguments": ""}}],
            }
        )
    ]
    frames += [
        chat_frame({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        for piece in pieces(arguments.replace("@", "\\u0040"), 2)
    ]
    client = ask(ScriptedApp([*frames, chat_frame({}, "tool_calls"), DONE]))

    with client.chat.completions.stream(
        model="m", messages=[{"role": "user", "content": "hi"}]
    ) as stream:
        final = stream.get_final_completion()
    calls = final.choices[0].message.tool_calls

    assert calls is not None
    assert json.loads(calls[0].function.arguments) == {
        "to": "<EMAIL_ADDRESS>",
        "note": 'He said "<CREDIT_CARD>" \u00e9\U0001f600',
    }


@pytest.mark.parametrize(
    ("channels", "heard"), [(Channels(), ""), (Channels(audio="pass"), "QUJD" * 40)]
)
def test_sound_is_dropped_or_passed(ask, channels, heard):
    deltas = [
        {"role": "assistant", "audio": {"id": "audio_1", "transcript": f"Mail {SECRETS[0]}"}},
        {"audio": {"data": "QUJD" * 20}},
        {"audio": {"data": "QUJD" * 20}},
    ]
    frames = [*map(chat_frame, deltas), chat_frame({}, "stop"), DONE]
    client = ask(ScriptedApp(frames), policy=Policy(channels=channels))

    with client.chat.completions.stream(
        model="m", messages=[{"role": "user", "content": "hi"}]
    ) as stream:
        audio: Any = stream.get_final_completion().choices[0].message.audio

    assert audio.transcript == "Mail <EMAIL_ADDRESS>"
    assert audio.data == heard


def test_two_choices_are_guarded_each(ask):
    one, two = pieces(TEXT), pieces(CLEAN)
    frames = [chat_frame({"role": "assistant", "content": ""}, index=i) for i in (0, 1)]
    for n in range(max(len(one), len(two))):
        frames += [chat_frame({"content": one[n]}, index=0)] if n < len(one) else []
        frames += [chat_frame({"content": two[n]}, index=1)] if n < len(two) else []
    frames += [chat_frame({}, "stop", 0), chat_frame({}, "stop", 1), DONE]
    client = ask(ScriptedApp(frames))
    messages: Any = [{"role": "user", "content": "hi"}]

    texts = {0: "", 1: ""}
    for chunk in client.chat.completions.create(model="m", messages=messages, stream=True, n=2):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""

    assert texts[1] == CLEAN
    assert not any(secret in texts[0] for secret in SECRETS)


def test_an_error_in_the_middle_raises_the_sdks_own_exception(ask):
    client = ask(ScriptedApp([*chat(pieces(CLEAN))[:5], RuntimeError("internal")]))

    with pytest.raises(openai.APIError) as caught:
        stream_text(client)

    assert caught.value.code == "upstream_error"
    assert "internal" not in str(caught.value)


def test_a_cut_raises(ask):
    """Where no error frame can be written the aborted transfer still raises."""
    client = ask(ScriptedApp([*chat(pieces(CLEAN))[:5]], ends=False))

    with pytest.raises(openai.APIError):
        stream_text(client)


def test_heartbeats_change_nothing(ask):
    frames = chat(pieces(CLEAN, 20))
    script = [f for frame in frames for f in (frame, 0.06)]
    client = ask(ScriptedApp(script), policy=Policy(heartbeat=0.02))

    assert stream_text(client) == CLEAN


def test_a_blocked_answer_is_a_content_filter_answer(pii):
    guard = PII(actions={"CREDIT_CARD": "block"})
    with running(Streamward(ScriptedApp(chat(pieces(TEXT))), guards=[guard])) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="key", max_retries=0)
        with (
            client,
            client.chat.completions.stream(
                model="m", messages=[{"role": "user", "content": "hi"}]
            ) as stream,
        ):
            events = [event for event in stream if event.type == "chunk"]

    last = [event.chunk.choices[0].finish_reason for event in events if event.chunk.choices][-1]
    text = "".join(event.chunk.choices[0].delta.content or "" for event in events)

    assert last == "content_filter"
    assert text == "Write to <EMAIL_ADDRESS>, card "
