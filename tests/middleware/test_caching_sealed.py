"""Recordings sealed in a real Redis: nothing to read there, and keys that change."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import TYPE_CHECKING, Any

import pytest
import redis
from support.asgi import Answer, ask, scope_of
from support.streams import ScriptedApp, chat, chat_frame

from streamward import CachePolicy, Policy, Report, Streamward
from streamward.cache import Encryption, RecordedFrame, Recording, RedisCache
from streamward.errors import CorruptRecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKENS = ["Cobalt ", "herons ", "never ", "land ", "twice."]
PROMPT = b'{"model": "m", "messages": [{"role": "user", "content": "where do herons sleep"}]}'
TOKEN = "sk-alice-7f3e9b21"
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
OLD, NEW, SECRET = b"o" * 32, b"n" * 32, b"s" * 32


@pytest.fixture
def raw(own_redis: Any) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(own_redis().url) as client:
        yield client


class Shop:
    """One door after another before the same Redis, each with its keys."""

    def __init__(self, raw: redis.Redis) -> None:
        self.app = ScriptedApp(chat(TOKENS))
        port = raw.connection_pool.connection_kwargs["port"]
        self.url = f"redis://127.0.0.1:{port}/0"
        self.reports: list[Report] = []

    async def ask(self, *keys: bytes, policy: CachePolicy | None = None) -> Answer:
        encryption = Encryption(keys) if keys else None
        cache = RedisCache(self.url, secret=SECRET, timeout=10.0, encryption=encryption)
        door = Streamward(
            self.app,
            cache=cache,
            policy=Policy(cache=policy or CachePolicy()),
            on_report=self.reports.append,
        )
        answer = await ask(door, scope_of(headers=HEADERS), body=PROMPT)
        await cache.close()
        return answer


def everything_in(raw: redis.Redis) -> bytes:
    """Return all names and values, and what they are once unpacked as far as anybody can."""
    seen: list[bytes] = []
    for name in raw.scan_iter():
        value = raw.get(name)
        assert isinstance(name, bytes)
        assert isinstance(value, bytes)
        seen += [name, value]
        for start in range(len(value)):
            inflating = zlib.decompressobj()
            try:
                seen.append(inflating.decompress(value[start:]))
            except zlib.error:
                continue
    return b"\n".join(seen)


def entries(raw: redis.Redis) -> list[bytes]:
    """Return the names of the recordings; the marks that a purge changes are others."""
    return [name for name in raw.scan_iter() if b"{epochs}" not in name]


def readable() -> list[bytes]:
    """Return what must not be found: the answer, the prompt, who asked, in usual disguises."""
    words = [token.strip() for token in TOKENS] + ["herons sleep", "messages", "alice-7f3e9b21"]
    plain = [word.encode() for word in words if len(word) > 4]
    scope = f"Bearer {TOKEN}".encode()
    hashed = [hashlib.sha256(text).digest() for text in (scope, TOKEN.encode(), PROMPT)]
    plain += [b"chat.completion", b"text/event-stream", b"openai", b"chatcmpl-1", *hashed]
    plain += [digest.hex().encode() for digest in hashed]
    return plain + [base64.b64encode(text).rstrip(b"=") for text in plain]


async def test_nothing_can_be_read_in_redis(raw: redis.Redis) -> None:
    shop = Shop(raw)
    await shop.ask(NEW, OLD)
    replayed = await shop.ask(NEW, OLD)
    stored = everything_in(raw)

    assert shop.app.calls == 1
    assert replayed.body == b"".join(chat(TOKENS))
    assert len(entries(raw)) == 1
    assert [text for text in readable() if text in stored] == []
    assert not any(key in stored for key in (OLD, NEW, SECRET))


async def test_without_encryption_it_can(raw: redis.Redis) -> None:
    """Else the search above could not find anything, ever."""
    await Shop(raw).ask()
    found = [text for text in readable() if text in everything_in(raw)]

    assert {b"herons", b"Cobalt", b"text/event-stream", b"chatcmpl-1"} <= set(found)


async def test_a_change_of_keys(raw: redis.Redis) -> None:
    shop = Shop(raw)
    await shop.ask(OLD)
    assert (await shop.ask(NEW, OLD)).headers["cache-status"].startswith("streamward; hit")
    assert shop.app.calls == 1

    dropped = await shop.ask(NEW)
    assert dropped.status == 200
    assert dropped.body == b"".join(chat(TOKENS))
    assert dropped.headers["cache-status"] == ("streamward; fwd=uri-miss; detail=corrupt-recording")
    assert shop.app.calls == 2

    # What could not be opened was replaced, at once.
    assert (await shop.ask(NEW)).headers["cache-status"].startswith("streamward; hit")
    assert [report.cache for report in shop.reports] == ["stored", "hit", "stored", "hit"]


@pytest.mark.parametrize(
    ("first", "then"), [([], [NEW]), ([NEW], []), ([OLD], [NEW])], ids=["on", "off", "other"]
)
async def test_what_does_not_open_is_a_miss(
    raw: redis.Redis, first: list[bytes], then: list[bytes]
) -> None:
    """With encryption on, an entry in clear is none: whoever can write could plant it."""
    shop = Shop(raw)
    await shop.ask(*first)
    shop.app.script = [chat_frame({"content": "new"}, "stop"), *chat([])[-1:]]
    answer = await shop.ask(*then)

    assert b"new" in answer.body
    assert answer.ended
    assert answer.raised is None


async def test_an_entry_that_was_tampered_with_is_a_miss(raw: redis.Redis) -> None:
    shop = Shop(raw)
    await shop.ask(NEW)
    (name,) = entries(raw)
    value = raw.get(name)
    assert isinstance(value, bytes)
    for index in (0, 31, 32, 40, 50, len(value) // 2, len(value) - 1):
        raw.set(name, value[:index] + bytes([value[index] ^ 1]) + value[index + 1 :])
        answer = await shop.ask(NEW)
        assert answer.headers["cache-status"].startswith("streamward; fwd=uri-miss")
        assert answer.body == b"".join(chat(TOKENS))


async def test_an_entry_moved_by_hand_does_not_open(raw: redis.Redis) -> None:
    """Who can write into Redis cannot hand one person's answer to another."""
    shop, alice, bob = Shop(raw), b"a" * 32, b"b" * 32
    sealed = RedisCache(shop.url, secret=SECRET, timeout=10.0, encryption=Encryption([NEW]))
    frames = tuple(RecordedFrame(0, frame) for frame in chat(TOKENS))
    await sealed.put(alice, Recording(200, (), frames, "openai-chat", 1e9), 60)
    value = raw.get(sealed._names.recording(alice))
    assert isinstance(value, bytes)
    raw.set(sealed._names.recording(bob), bob + value.removeprefix(alice))

    assert await sealed.get(alice) is not None
    with pytest.raises(CorruptRecordingError):
        await sealed.get(bob)
    await sealed.close()
