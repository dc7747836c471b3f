"""Recordings of finished streams: bytes in, the same bytes out.

Knows neither HTTP nor guards nor dialects. A door asks like this::

    body = canonical_body(content_type, raw_body)
    key = RequestIdentity(method=…, path=…, body=body, scope=scope, …).key(await cache.secret())
    recording = await cache.get(key)
"""

from __future__ import annotations

from .canonical import MAX_BODY_BYTES, canonical_body
from .encryption import Encryption
from .key import KEY_BYTES, SHARED, RequestIdentity, request_key, scope_of, scope_of_principal
from .memory import MemoryCache
from .recording import (
    MAX_FRAMES,
    MAX_RECORDING_BYTES,
    RecordedFrame,
    Recorder,
    Recording,
)
from .redis import RedisCache
from .replay import MAX_CHUNK_BYTES, FixedRate, Instant, Original, Pace, schedule
from .store import Cache
from .stored_form import decode, encode

__all__ = [
    "KEY_BYTES",
    "MAX_BODY_BYTES",
    "MAX_CHUNK_BYTES",
    "MAX_FRAMES",
    "MAX_RECORDING_BYTES",
    "SHARED",
    "Cache",
    "Encryption",
    "FixedRate",
    "Instant",
    "MemoryCache",
    "Original",
    "Pace",
    "RecordedFrame",
    "Recorder",
    "Recording",
    "RedisCache",
    "RequestIdentity",
    "canonical_body",
    "decode",
    "encode",
    "request_key",
    "schedule",
    "scope_of",
    "scope_of_principal",
]
