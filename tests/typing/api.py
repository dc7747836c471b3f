"""The public face as people write it. Type checkers read this file; nobody runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

from fastapi import FastAPI
from openai import AsyncStream, Stream
from openai.types.chat import ChatCompletionChunk
from starlette.requests import Request

from streamward import (
    CachePolicy,
    Limits,
    Policy,
    Report,
    Sockets,
    Streamward,
    Timeouts,
    guard_stream,
    opt_out,
)
from streamward.cache import FixedRate, Instant, MemoryCache, Original, RedisCache
from streamward.errors import ContentBlockedError, StreamwardError
from streamward.guardrails import PII, Block, Fake, Finding, Flag, Hash, Mask, Redact, Replace
from streamward.middleware.grpc import GuardInterceptor

app = FastAPI()
app.add_middleware(Streamward)
app.add_middleware(Streamward, guards=[PII()], cache=MemoryCache())


interceptor = GuardInterceptor(
    fields={"/chat.Chat/Say": "text", "/*": ("a.b", "c[index].d")}, guards=[], limits=Limits()
)


def whose(scope: object) -> str | None:
    return str(scope)


def note(report: Report) -> None:
    if report.ttft is not None:
        print(report.ttft, report.findings.get("pii.EMAIL_ADDRESS.edit", 0))


guard = PII(
    entities={"EMAIL_ADDRESS", "CREDIT_CARD"},
    threshold={"URL": 0.9},
    actions={
        "EMAIL_ADDRESS": Hash(key=b"0123456789abcdef"),
        "CREDIT_CARD": Mask(char="#", keep_last=4),
        "URL": Replace("[link]"),
        "MAC_ADDRESS": Hash(),
        "DATE_TIME": Fake(values={"DATE_TIME": lambda faker: faker.date()}),
        "US_SSN": Block(),
        "IP_ADDRESS": Flag(),
        "UUID": Redact(),
        "PHONE_NUMBER": "mask",
    },
    hold=2,
    on_error="open",
)
found: Sequence[Finding] = guard.find("mail jane@example.com")

app.add_middleware(
    Streamward,
    guards=[guard],
    cache=RedisCache("redis://localhost:6379/0", secret=b"0123456789abcdef", timeout=0.2),
    policy=Policy(heartbeat=None, prelude=True, on_leave="finish", limits=Limits(frame=1 << 20)),
    routes={
        "/a/*": Policy(enabled=False),
        "/b": Policy(cache=CachePolicy(shared=True, pace=Original(speed=2.0))),
        "/c": Policy(cache=CachePolicy(principal=whose, ttl=60.0, pace=FixedRate(50))),
        "/d": Policy(guards=(), cache=None, timeouts=Timeouts(first_token=None)),
        "/e": Policy(cache=CachePolicy(pace=Instant())),
        "/h": Policy(cache=CachePolicy(jitter=0.1, obey=frozenset({"no-cache", "max-age"}))),
        "/j": Policy(sockets=Sockets(guard="both", binary="pass", messages="whole", turn=1.5)),
        "/k": Policy(sockets=None),
        "/i": Policy(cache=CachePolicy(keep=frozenset({"length"}), samples=3)),
    },
    on_report=note,
)


async def endpoint(request: Request) -> None:
    opt_out(request)
    opt_out(request, only="cache")


def handle(error: StreamwardError) -> str:
    return error.entity if isinstance(error, ContentBlockedError) else error.code


def read(stream: Stream[ChatCompletionChunk], words: Iterator[str]) -> str:
    guarded = guard_stream(stream, guards=[guard], limits=Limits(held=1 << 20), on_report=note)
    said = [chunk.choices[0].delta.content or "" for chunk in guarded]
    with guard_stream(words, guards=[], mode="monitor", content_type="text/plain") as text:
        return "".join((*said, *text, str(text.report), text.error_frames.decode()))


async def read_later(stream: AsyncStream[ChatCompletionChunk], body: AsyncIterator[bytes]) -> bytes:
    async with guard_stream(stream, guards=[guard], name="worker") as guarded:
        said = [chunk.choices[0].delta.content or "" async for chunk in guarded]
    return "".join(said).encode() + b"".join([c async for c in guard_stream(body, guards=[guard])])
