"""The prompt side: what reaches the application, and what comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import ask, scope_of
from support.guard import SECRET, BrokenGuard, WordGuard
from support.secrets import cuts, pieces
from support.streams import DONE, ScriptedApp, chat, chat_frame, chat_text

from streamward import CachePolicy, Limits, Policy, Streamward
from streamward.cache import MemoryCache
from streamward.guardrails import Block, Flag, Pseudonyms, Replace
from streamward.guardrails.panel import Panel

PROMPT = {"model": "m", "n": 2, "messages": [{"role": "user", "content": f"my key {SECRET}, ok?"}]}
JSON = {"content-type": "application/json"}
DEEP = b"[" * 600 + b'"S3CRET-1"' + b"]" * 600


class EchoApp:
    """Says what it was asked, in pieces of three characters."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.headers: dict[bytes, bytes] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        self.bodies.append(message["body"])
        self.headers = dict(scope["headers"])
        text = json.loads(message["body"])["messages"][0]["content"]
        frames = chat([f"You said: {text} "[i : i + 3] for i in range(0, len(text) + 11, 3)])
        await ScriptedApp(frames)(scope, receive, send)


async def send(
    mode: Any, body: Any = PROMPT, guard: Any = None, **more: Any
) -> tuple[EchoApp, Any]:
    app = EchoApp()
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    policy = Policy(prompt=mode, **more)
    headers = {**JSON, "content-length": str(len(raw))}
    door = Streamward(app, guards=[guard or WordGuard()], policy=policy)
    return app, await ask(door, scope_of(headers=headers), body=raw)


async def test_a_prompt_passes_unless_the_policy_says_otherwise():
    app, _ = await send("pass")

    assert app.bodies == [json.dumps(PROMPT).encode()]


async def test_a_redacted_prompt_reaches_the_application_as_valid_json():
    app, answer = await send("redact")

    assert json.loads(app.bodies[0])["messages"][0]["content"] == "my key <SECRET>, ok?"
    assert app.headers[b"content-length"] == str(len(app.bodies[0])).encode()
    assert chat_text(answer.body) == "You said: my key <SECRET>, ok? "


async def test_what_is_not_found_stays_byte_for_byte():
    body = b'{ "model":"m",  "n":1e2, "messages":[{"content":"hi \\u00e9"}] }\n'

    app, _ = await send("redact", body)

    assert app.bodies == [body]


@pytest.mark.parametrize(
    ("mode", "guard"), [("block", WordGuard()), ("redact", WordGuard(Block()))]
)
async def test_a_blocked_prompt_is_answered_422(mode, guard):
    app, answer = await send(mode, guard=guard)

    assert answer.status == 422
    assert json.loads(answer.body)["error"]["code"] == "prompt_blocked"
    assert SECRET.encode() not in answer.body
    assert app.bodies == []
    assert answer.raised is None


async def test_a_flagged_prompt_passes_where_findings_are_blocked():
    app, answer = await send("block", guard=WordGuard(Flag()))

    assert len(app.bodies) == 1
    assert answer.status == 200


async def test_the_model_reads_a_stand_in_and_the_reader_the_value():
    app, answer = await send("pseudonymise")

    assert json.loads(app.bodies[0])["messages"][0]["content"] == "my key <SECRET_1>, ok?"
    assert chat_text(answer.body) == f"You said: my key {SECRET}, ok? "


async def test_what_the_model_says_of_itself_is_guarded_all_the_same():
    class Model(EchoApp):
        async def __call__(self, scope, receive, send):
            self.bodies.append((await receive())["body"])
            frames = chat(["<SECR", "ET_1> and S3C", "RET-99 and <SECRET_2> or <b>"])
            await ScriptedApp(frames)(scope, receive, send)

    door = Streamward(Model(), guards=[WordGuard()], policy=Policy(prompt="pseudonymise"))
    answer = await ask(door, scope_of(headers=JSON), body=json.dumps(PROMPT).encode())

    assert chat_text(answer.body) == f"{SECRET} and <SECRET> and <SECRET_2> or <b>"


async def test_values_come_back_in_tool_arguments_as_valid_json():
    value = "S3CRET-7"
    frames = [
        chat_frame({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
        for piece in ('{"to": "<SEC', 'RET_1>", "n"', ": 1}")
    ]

    async def app(scope, receive, send):
        await receive()
        await ScriptedApp([*frames, chat_frame({}, "tool_calls"), DONE])(scope, receive, send)

    door = Streamward(app, guards=[WordGuard()], policy=Policy(prompt="pseudonymise"))
    body = json.dumps({"messages": [{"content": value}]}).encode()
    answer = await ask(door, scope_of(headers=JSON), body=body)
    arguments = "".join(
        call["function"]["arguments"]
        for block in answer.body.split(b"\n\n")
        if block.startswith(b"data: {")
        for choice in json.loads(block[6:])["choices"]
        for call in choice["delta"].get("tool_calls", ())
    )

    assert json.loads(arguments) == {"to": value, "n": 1}


@pytest.mark.parametrize(
    "body",
    [b"not json", b'{"a":"S3CRET-1","a":"x"}', b'{"a":"' + b"x" * 3000 + b'"}', b"\xff", DEEP],
    ids=["no json", "same name twice", "too long", "no utf-8", "too deep to edit"],
)
async def test_a_prompt_that_cannot_be_looked_at_is_answered_400(body):
    app, answer = await send("redact", body, limits=Limits(request_body=2000))

    assert answer.status == 400
    assert json.loads(answer.body)["error"]["code"] == "prompt_unreadable"
    assert app.bodies == []


async def test_a_guard_that_fails_closes_the_door():
    app, answer = await send("redact", guard=BrokenGuard())

    assert answer.status == 500
    assert json.loads(answer.body)["error"]["code"] == "guard_failed"
    assert app.bodies == []


async def test_a_request_without_a_body_passes():
    app = ScriptedApp(chat(["hi"]))

    answer = await ask(
        Streamward(app, guards=[WordGuard()], policy=Policy(prompt="redact")),
        scope_of("/sse", method="GET"),
    )

    assert chat_text(answer.body) == "hi"


async def test_one_persons_values_never_come_to_another():
    """Two prompts with one stand-in are two requests: the key is made from what was asked."""
    app = EchoApp()
    policy = Policy(prompt="pseudonymise", cache=CachePolicy(shared=True))
    door = Streamward(app, guards=[WordGuard()], cache=MemoryCache(), policy=policy)

    answers = [
        await ask(
            door,
            scope_of(headers=JSON),
            body=json.dumps({"messages": [{"content": f"S3CRET-{n} x"}]}).encode(),
        )
        for n in (1, 2, 1)
    ]

    assert [chat_text(a.body) for a in answers] == [f"You said: S3CRET-{n} x " for n in (1, 2, 1)]
    assert len(app.bodies) == 2


def test_the_same_value_has_the_same_stand_in():
    book = Pseudonyms()

    assert book.stand_in("a@b.c", "EMAIL") == "<EMAIL_1>"
    assert book.stand_in("d@e.f", "EMAIL") == "<EMAIL_2>"
    assert book.stand_in("a@b.c", "EMAIL") == "<EMAIL_1>"
    assert book.value("EMAIL_2") == "d@e.f"


@given(st.data())
def test_values_come_back_for_every_cut(data):
    book = Pseudonyms()
    stand_ins = [book.stand_in(f"value {n}", "EMAIL_ADDRESS") for n in range(12)]
    parts = st.sampled_from(
        [*stand_ins, "<", "<EMAIL", "<EMAIL_ADDRESS_99>", "<<", ">", " ", "a_1>"]
    )
    text = "".join(data.draw(st.lists(parts, max_size=12)))
    expected = text
    for n, stand_in in enumerate(stand_ins):
        expected = expected.replace(stand_in, f"value {n}")

    scanner = Panel([book.restoring()]).scanner()
    found = [v for piece in pieces(text, data.draw(cuts(len(text)))) for v in scanner.feed(piece)]
    found += scanner.finish()
    for verdict in reversed(found):
        text = text[: verdict.start] + verdict.replacement + text[verdict.end :]

    assert text == expected


async def test_an_action_of_the_users_own_counts_in_a_redacted_prompt():
    app, _ = await send("redact", guard=WordGuard(Replace("[{entity}]")))

    assert json.loads(app.bodies[0])["messages"][0]["content"] == "my key [SECRET], ok?"
