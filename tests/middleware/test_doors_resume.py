"""How clients go on after a cut, through either door."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.asgi import Answer
from support.doors import ALICE, DOORS
from support.streams import chat

from streamward import Policy, Resume
from streamward.cache import MemoryCache
from streamward.errors import ConfigurationError
from streamward.middleware.resume import RESET

WORDS = ["Hello ", "there, ", "how ", "are ", "you?"]
PLAIN = b"".join(chat(WORDS))
IDS = Policy(resume=Resume(ids=True))
BOB = {"authorization": "Bearer bob"}

pytestmark = pytest.mark.parametrize("open_door", DOORS, ids=["asgi", "wsgi"])


def last(body: bytes) -> str:
    return re.findall(r"(?m)^id: (.*)$", body.decode())[-1]


def without_ids(body: bytes) -> bytes:
    return re.sub(rb"(?m)^id: .*\n", b"", body)


def after(id_: str) -> dict[str, str]:
    return {**ALICE, "last-event-id": id_}


def link_of(answer: Answer) -> str:
    return answer.headers["content-location"]


@pytest.mark.parametrize("count", range(1, len(chat(WORDS))))
def test_who_has_a_part_gets_the_rest(open_door, count):
    door = open_door(chat(WORDS), policy=IDS, cache=MemoryCache())
    [whole] = door.ask()
    part = b"".join(re.findall(rb"(?s).*?\n\n", whole.body)[:count])

    [rest] = door.ask(headers=after(last(part)))

    assert door.calls == 1
    assert part + rest.body == whole.body
    assert without_ids(whole.body) == PLAIN


def test_who_was_cut_off_goes_on_in_the_running_answer(open_door):
    script = [part for frame in chat(WORDS) for part in (frame, 0.05)]
    door = open_door(script, policy=IDS, cache=MemoryCache())
    has_some = threading.Event()
    seen: list[Answer] = []

    def some(answer: Answer) -> bool:
        if WORDS[0].encode() in answer.body and not has_some.is_set():
            seen.append(answer)
            has_some.set()
        return False

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(door.ask, leave_when=some)
        assert has_some.wait(10)
        part = bytes(seen[0].body)
        [rest] = door.ask(headers=after(last(part)))
        [whole] = first.result()

    assert door.calls == 1
    assert part + rest.body == whole.body
    assert {report.cache for report in door.reports} == {"joined", "stored"}


def test_who_has_it_all_is_told_so(open_door):
    door = open_door(chat(WORDS), policy=IDS, cache=MemoryCache())
    [whole] = door.ask()

    [rest] = door.ask(headers=after(last(whole.body)))

    assert (rest.status, rest.body, door.calls) == (204, b"", 1)


def test_who_has_a_part_of_another_answer_gets_a_reset_and_the_whole(open_door):
    door = open_door(chat(WORDS), policy=IDS, cache=MemoryCache())

    [answer] = door.ask(headers=after("A" * 22 + ".3"))

    assert answer.body.startswith(RESET)
    assert without_ids(answer.body.removeprefix(RESET)) == PLAIN


def test_a_link_leads_to_the_very_answer(open_door):
    door = open_door(chat(WORDS), policy=IDS, cache=MemoryCache())
    [whole] = door.ask()

    [again] = door.ask(method="GET", url=link_of(whole))
    part = b"".join(re.findall(rb"(?s).*?\n\n", whole.body)[:2])
    [rest] = door.ask(method="GET", url=link_of(whole), headers=after(last(part)))

    assert door.calls == 1
    # Who has no id, and was there to the end, has it all.
    assert again.status == 204
    assert part + rest.body == whole.body


def test_a_link_is_for_nobody_else(open_door):
    door = open_door(chat(WORDS), policy=IDS, cache=MemoryCache())
    [whole] = door.ask()

    [other] = door.ask(method="GET", url=link_of(whole), headers=BOB)

    assert other.status == 403
    assert door.calls == 1


def test_an_answer_can_be_stopped_by_its_link(open_door):
    script = [part for frame in chat(["word "] * 500) for part in (frame, 0.02)]
    door = open_door(script, policy=IDS, cache=MemoryCache())
    stopping: list[Answer] = []

    def stop(answer: Answer) -> bool:
        if b"word" in answer.body and not stopping:
            with ThreadPoolExecutor(1) as threads:
                stopping.extend(
                    threads.submit(door.ask, method="DELETE", url=link_of(answer)).result()
                )
        return False

    [answer] = door.ask(leave_when=stop)

    assert stopping[0].status == 204
    assert b'"stopped"' in answer.body
    assert not answer.ended
    assert door.sent < len(chat(["word "] * 500))


def test_the_response_is_handed_over_before_a_platform_cuts_it(open_door):
    script = [part for frame in chat(WORDS) for part in (frame, 0.04)]
    door = open_door(
        script, policy=Policy(resume=Resume(ids=True, hand_over=0.06)), cache=MemoryCache()
    )

    [first] = door.ask()
    [rest] = door.ask(headers=after(last(first.body)))

    assert door.calls == 1
    assert first.ended
    assert door.reports[0].outcome == "handed_over"
    assert b"event: streamward-resume\n" in first.body
    body = re.sub(rb"event: streamward-resume\n.*\n.*\n\n", b"", first.body + rest.body)
    assert without_ids(body) == PLAIN


def test_resuming_needs_a_store(open_door):
    with pytest.raises(ConfigurationError, match="needs a cache"):
        open_door(chat(WORDS), policy=IDS)
