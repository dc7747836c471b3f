"""What becomes of a shared answer when Redis, a limit or a key spoils the sharing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from support.live_answers import HEAD, KEY, LIMIT, RECORDING, add, claimed, flush, processes, read

from streamward.cache import Encryption, Running
from streamward.cache.live.scripts import RENEW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from streamward.cache import RedisCache


@pytest.fixture
async def process(own_redis: Any) -> AsyncIterator[Callable[..., RedisCache]]:
    async with processes(own_redis().url) as make:
        yield make


async def test_what_is_for_one_alone_is_known_before_the_leader_has_ended(process: Any) -> None:
    leader = await claimed(process())
    follower = await claimed(process())
    waiting = asyncio.create_task(read(follower))
    await asyncio.sleep(0.05)

    leader.running.end("unshared")

    assert await waiting == b""
    assert follower.ending == "unshared"
    await leader.finish(None, 0)


async def test_a_flush_while_the_leader_thinks_is_no_death(process: Any) -> None:
    """The mirror looks before the lease is renewed, and finds nothing at all."""
    one, other = process(), process()
    leader = await claimed(one)
    leader.running.begin(HEAD)
    add(leader.running, b"first ")
    follower = await claimed(other)
    # There is always a reader: without one, nobody looks any more.
    waiting = asyncio.create_task(read(follower))
    assert await read(follower, 1) == b"first "

    await flush(one)
    await asyncio.sleep(1.5)
    assert follower.ending is None
    add(leader.running, b"second")
    leader.running.end("complete")

    assert await waiting == b"first second"
    assert follower.ending == "complete"
    await leader.finish(None, 0)


async def test_a_log_that_is_written_anew_is_whole(process: Any) -> None:
    """More frames than a reader takes at once."""
    one, early, late = process(), process(), process()
    leader = await claimed(one)
    leader.running.begin(HEAD)
    frames = [b"%04d " % number for number in range(3000)]
    add(leader.running, *frames)
    whole = b"".join(frames)
    first = await claimed(early)
    assert await read(first, len(whole)) == whole

    await flush(one)
    add(leader.running, b"more ")
    assert await read(first, len(whole) + 5) == whole + b"more "
    other = await late.find(KEY, leader.running.generation)
    assert other is not None
    waiting = asyncio.create_task(read(other))
    await asyncio.sleep(0.1)
    add(leader.running, b"end")
    leader.running.end("complete")

    assert await waiting == whole + b"more end"
    assert other.ending == "complete"
    await leader.finish(None, 0)


@pytest.mark.parametrize("elsewhere", [True, False])
async def test_who_comes_after_an_answer_grew_too_long_is_told_at_once(
    process: Any, elsewhere: Any
) -> None:
    """Or it would claim, follow and lose the same answer again and again, while that goes on."""
    one, other = process(), process()
    leader = await claimed(one)
    leader.running.begin(HEAD)
    add(leader.running, b"a little ")
    early = await claimed(other)
    waiting = asyncio.create_task(read(early))
    assert await read(early, 1) == b"a little "

    add(leader.running, bytes(LIMIT))
    assert await waiting == b"a little "
    assert early.ending in ("lost", "unshared")
    late = await claimed(process() if elsewhere else one)
    assert await read(late) == b""
    assert late.ending == "unshared"
    await leader.finish(None, 0)


async def test_an_answer_that_cannot_be_opened_is_asked_for_alone(process: Any) -> None:
    one = process(encryption=Encryption(keys=[bytes(32)]))
    other = process(encryption=Encryption(keys=[bytes([1]) * 32]))
    leader = await claimed(one)
    leader.running.begin(HEAD)
    add(leader.running, b"secret")
    follower = await claimed(other)

    assert await read(follower) == b""
    assert follower.ending == "unshared"
    await leader.finish(None, 0)


async def test_only_who_knows_the_request_can_stop_its_answer(process: Any) -> None:
    store = process()
    leader = await claimed(store)
    stopped = asyncio.Event()
    leader.on_stop(stopped.set)

    await store.stop(bytes(32), leader.running.generation)
    await asyncio.sleep(0.05)
    assert not stopped.is_set()
    await store.stop(KEY, leader.running.generation)
    async with asyncio.timeout(5):
        await stopped.wait()
    await leader.finish(None, 0)


async def test_a_process_that_ends_leaves_the_end_of_its_answer_behind(process: Any) -> None:
    """Or who follows has the whole of it, and an error after it."""
    one, other = process(), process()
    leader = await claimed(one)
    leader.running.begin(HEAD)
    add(leader.running, b"first ")
    follower = await claimed(other)
    waiting = asyncio.create_task(read(follower))
    assert await read(follower, 1) == b"first "

    add(leader.running, b"last")
    leader.running.end("complete")
    await leader.finish(None, 0)
    leader._writing.cancel()
    await one.close()

    assert await waiting == b"first last"
    assert follower.ending == "complete"


async def test_a_renewal_under_way_does_not_take_the_right_again(
    process: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or others are told to follow an answer that has ended."""
    one, other = process(), process()
    leader = await claimed(one)
    run = one._answers.run

    async def late(script: Any, *given: Any) -> Any:
        if script is RENEW:
            await asyncio.sleep(0.05)
        return await run(script, *given)

    monkeypatch.setattr(one._answers, "run", late)
    leader._renewing = leader._answers.tasks.start(leader._renew())
    await asyncio.sleep(0)
    leader.running.end("incomplete")
    await leader.finish(None, 0)
    await asyncio.sleep(0.1)  # longer than the renewal takes

    next_one = await claimed(other)
    assert not isinstance(next_one, Running)
    await next_one.finish(None, 0)


async def test_a_claim_is_one_call_whatever_comes_of_it(process: Any) -> None:
    """Of one script, which is one command (``test_a_known_script_is_one_command``)."""

    async def claimed_at_once(store: Any) -> Any:
        real, calls = store._link.call, []

        async def counted(*args: Any) -> Any:
            calls.append(args)
            return await real(*args)

        store._link.call = counted
        told = await claimed(store)
        assert len(calls) == 1
        store._link.call = real
        return told

    lease = await claimed_at_once(process())
    assert isinstance(await claimed_at_once(process()), Running)
    await lease.finish(RECORDING, 60)
    assert await claimed_at_once(process()) == RECORDING
