"""Recordings in a Redis, for the tests of the command line."""

from __future__ import annotations

import time
from typing import NamedTuple, Protocol

from streamward.cache import (
    Encryption,
    RecordedFrame,
    Recording,
    RedisCache,
    scope_id,
    scope_of_principal,
)
from streamward.cache.live.names import readable

PATIENT = 10.0  # seconds; nothing here is measured
HEADERS = ((b"content-type", b"text/event-stream"),)


class Said(NamedTuple):
    """What a command left behind."""

    code: int | str | None
    out: bytes
    err: str


class Command(Protocol):
    """Runs ``streamward cache …``."""

    def __call__(self, *words: str, answer: str = "") -> Said:
        """Run it; ``answer`` is what is typed."""
        ...


async def keep(
    url: str,
    prefix: str,
    whose: dict[bytes, str],
    *,
    secret: bytes | None = None,
    encryption: Encryption | None = None,
) -> dict[str, str]:
    """Keep a recording under each key for somebody; return the ids of their scopes."""
    cache = RedisCache(
        url,
        prefix=prefix,
        secret=secret,
        encryption=encryption,
        timeout=PATIENT,
        write_timeout=PATIENT,
    )
    ids: dict[str, str] = {}
    for key, name in whose.items():
        scope = scope_of_principal(name)
        mark, one = await cache.epoch(scope), scope_id(await cache.secret(), scope)
        texts = [f"data: {name}\n\n", f"data: says {key[0]}\n\n", "data: \x1b[1m\n\n"]
        frames = tuple(RecordedFrame(i * 10, text.encode()) for i, text in enumerate(texts))
        made = Recording(200, HEADERS, frames, "openai", time.time(), mark, b"", one)
        await cache.put(key, made, 600)
        ids[name] = readable(one)
    await cache.close()
    return ids


async def is_served(url: str, prefix: str, key: bytes, name: str) -> bool:
    """Say whether a door would replay what is under ``key``."""
    cache = RedisCache(url, prefix=prefix, timeout=PATIENT, write_timeout=PATIENT)
    found, mark = await cache.get(key), await cache.epoch(scope_of_principal(name))
    await cache.close()
    return found is not None and found.epoch == mark
