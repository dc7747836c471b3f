"""Guards that may take long: how long they are waited for, and how many of their calls run at once."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from support.asgi import Answer, ask
from support.guard import SECRET, WordGuard, WordScanner
from support.streams import ScriptedApp, chat, chat_text

from streamward import CachePolicy, Policy, Report, Streamward
from streamward.cache import MemoryCache
from streamward.errors import ConfigurationError, GuardFailedError
from streamward.guardrails import Block, Blocking, Finding, Sentences
from streamward.middleware.bounds import bounded

TEXT = ["All is w", "ell. You fo", "ol! By", "e."]
QUICK = Blocking(time_limit=0.2, concurrency=2)
SHORT = Blocking(time_limit=0.05, concurrency=1)


class Hanging:
    """A function that hangs until the test is over."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.calls = 0

    def __call__(self, sentence: str) -> bool:
        del sentence
        self.calls += 1
        self.over.wait()
        return False


@pytest.fixture
def hanging():
    function = Hanging()
    yield function
    function.over.set()


async def through(guard: Any, reports: list[Report] | None = None, **settings: Any) -> Answer:
    sink = [] if reports is None else reports
    app = ScriptedApp(chat(TEXT))
    return await ask(Streamward(app, guards=[guard], on_report=sink.append, **settings), body=b"{}")


async def test_a_guard_that_hangs_ends_the_stream(hanging):
    reports: list[Report] = []

    answer = await through(Sentences("slow", hanging, blocking=QUICK), reports)

    assert isinstance(answer.raised, GuardFailedError)
    assert b"well" not in answer.body
    assert reports[0].code == "guard_failed"


async def test_a_guard_that_hangs_is_left_out_if_that_is_its_policy(hanging):
    reports: list[Report] = []
    cache = MemoryCache()

    guard = Sentences("slow", hanging, blocking=QUICK, on_error="open")
    policy = Policy(cache=CachePolicy(shared=True))
    answer = await through(guard, reports, cache=cache, policy=policy)

    assert chat_text(answer.body) == "".join(TEXT)
    assert reports[0].guards_failed == ("slow",)
    assert hanging.calls == 1  # the stream does not wait for it twice
    assert reports[0].cache == "miss"  # what nobody looked at is not kept


async def test_calls_that_hang_keep_their_places(hanging):
    """A guard never has more threads than it may; who finds none free waits, but not for ever."""
    guard = Sentences("slow", hanging, blocking=QUICK, on_error="open")
    door = Streamward(ScriptedApp(chat(TEXT)), guards=[guard])

    answers = await asyncio.gather(*(ask(door) for _ in range(6)))

    assert {chat_text(answer.body) for answer in answers} == {"".join(TEXT)}
    assert hanging.calls == 2


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_no_more_calls_run_at_once_than_may(concurrency, kind):
    running = 0
    most = 0
    lock = threading.Lock()

    def count(step: int) -> None:
        nonlocal running, most
        with lock:
            running += step
            most = max(most, running)

    def plain(sentence: str) -> bool:
        count(1)
        threading.Event().wait(0.02)
        count(-1)
        return "fool" in sentence

    async def waiting(sentence: str) -> bool:
        count(1)
        await asyncio.sleep(0.02)
        count(-1)
        return "fool" in sentence

    function: Any = plain if kind == "plain" else waiting
    guard = Sentences("rude", function, blocking=Blocking(concurrency=concurrency))
    door = Streamward(ScriptedApp(chat(TEXT)), guards=[guard])

    answers = await asyncio.gather(*(ask(door) for _ in range(8)))

    assert {chat_text(answer.body) for answer in answers} == {"All is well.<RUDE> Bye."}
    assert most == concurrency


async def test_an_async_function_runs_on_the_loop_of_the_application():
    loops: list[object] = []

    async def ask_service(sentence: str) -> str | None:
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return "RUDE" if "fool" in sentence else None

    answer = await through(Sentences("remote", ask_service, action=Block()))

    assert set(loops) == {asyncio.get_running_loop()}
    assert chat_text(answer.body).rstrip() == "All is well."


@pytest.mark.parametrize("on_error", ["closed", "open"])
async def test_an_async_function_that_hangs_is_cancelled(on_error):
    cancelled = asyncio.Event()

    async def hang(sentence: str) -> bool:
        del sentence
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return False

    guard = Sentences("remote", hang, blocking=Blocking(time_limit=0.1), on_error=on_error)
    answer = await through(guard)

    assert cancelled.is_set()
    assert (chat_text(answer.body) == "".join(TEXT)) == (on_error == "open")


async def test_an_async_function_that_raises_ends_the_stream():
    async def refuse(sentence: str) -> bool:
        raise ConnectionError(sentence)

    answer = await through(Sentences("remote", refuse))

    assert isinstance(answer.raised, GuardFailedError)
    assert b"well" not in answer.body
    assert "well" not in str(answer.raised)


def test_an_async_function_needs_no_door():
    async def rude(sentence: str) -> bool:
        return "fool" in sentence

    guard = Sentences("remote", rude)

    assert [guard.find("You fool!")[0].entity, *guard.find("You sage.")] == ["REMOTE"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Blocking(time_limit=0), "above 0"),
        (lambda: Blocking(time_limit=True), "above 0"),
        (lambda: Blocking(time_limit=float("inf")), "above 0"),
        (lambda: Blocking(concurrency=0), "1 or more"),
        (lambda: Sentences("remote", asyncio.sleep, blocking=False), "leave blocking out"),
    ],
    ids=["zero", "bool", "endless", "nobody", "on the loop"],
)
def test_limits_that_cannot_work(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()


async def test_a_guard_with_state_of_its_own_is_asked_within_limits_too(hanging):
    """``blocking=True`` is enough: the usual limits count for guards written from scratch."""

    class Scanner:
        decided = 0

        def feed(self, text: str) -> list[Any]:
            hanging(text)
            return []

        finish = feed

    class Guard(WordGuard):
        def scanner(self) -> Any:
            return Scanner()

    answer = await through(Guard(blocking=QUICK))

    assert isinstance(answer.raised, GuardFailedError)


async def test_nothing_of_a_stream_survives_in_the_threads():
    """Threads of a guard end when it has nothing to do; what they ran is forgotten at once."""

    opened: list[weakref.ref[WordScanner]] = []

    class Guard(WordGuard):
        def scanner(self) -> WordScanner:
            scanner = WordScanner()
            opened.append(weakref.ref(scanner))
            return scanner

    door = Streamward(ScriptedApp(chat(TEXT)), guards=[Guard(blocking=True)])
    await ask(door)
    gc.collect()

    assert [one() for one in opened] == [None]


async def test_an_application_that_gives_up_while_a_guard_thinks_sets_nothing_free():
    over = threading.Event()
    fed = len(f"{SECRET} ok ")

    class Scanner(WordScanner):
        """Forgets what it is about to decide, as one with windows does."""

        def feed(self, text: str) -> Sequence[Finding]:
            over.wait()
            return super().feed(text)

        def finish(self) -> Sequence[Finding]:
            if not over.is_set():
                self.decided = fed
            return super().finish()

    @dataclass(frozen=True)
    class Thinking(WordGuard):
        blocking: Any = True

        def scanner(self) -> WordScanner:
            return Scanner()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        body = b"".join(chat([f"{SECRET} ok "])[:2])
        asyncio.get_running_loop().call_later(0.2, over.set)
        async with asyncio.timeout(0.05):
            await send({"type": "http.response.body", "body": body, "more_body": True})

    answer = await ask(Streamward(app, guards=[Thinking()]))

    assert isinstance(answer.raised, TimeoutError)
    assert chat_text(answer.body) == "<SECRET> ok "


def test_calls_that_found_no_place_are_forgotten(hanging):
    """Where every thread hangs for ever, what comes after does not pile up behind them."""

    class Scanner(WordScanner):
        def feed(self, text: str) -> Sequence[Finding]:
            hanging(text)
            return super().feed(text)

    @dataclass(frozen=True)
    class Stuck(WordGuard):
        blocking: Any = SHORT

        def scanner(self) -> WordScanner:
            opened = Scanner()
            scanners.append(weakref.ref(opened))
            return opened

    scanners: list[weakref.ref[Any]] = []
    guard = bounded(Stuck())
    waiting = [guard.scanner() for _ in range(3)]
    for scanner in waiting:
        with pytest.raises(TimeoutError):
            scanner.feed("never")
    del scanner, waiting
    gc.collect()

    assert [opened() is None for opened in scanners] == [False, True, True]
