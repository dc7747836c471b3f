"""Recordings of finished streams: bytes in, the same bytes out.

Knows neither HTTP nor guards nor dialects. A door asks like this::

    body = canonical_body(content_type, raw_body)
    key = RequestIdentity(method=…, path=…, body=body, scope=scope, …).key(await cache.secret())
    recording = await cache.get(key)
"""

from __future__ import annotations

from .canonical import MAX_BODY_BYTES, canonical_body
from .encryption import Encryption
from .follower import Follower
from .key import (
    KEY_BYTES,
    SCOPE_ID_BYTES,
    SHARED,
    RequestIdentity,
    request_key,
    scope_id,
    scope_of,
    scope_of_principal,
)
from .lease import Claim, Lease
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
from .running import GENERATION_BYTES, Ending, Head, Running
from .signal import LoopSignal, Signal
from .store import Cache, ThreadedCache
from .stored_form import decode, encode

__all__ = [
    "GENERATION_BYTES",
    "KEY_BYTES",
    "MAX_BODY_BYTES",
    "MAX_CHUNK_BYTES",
    "MAX_FRAMES",
    "MAX_RECORDING_BYTES",
    "SCOPE_ID_BYTES",
    "SHARED",
    "Cache",
    "Claim",
    "Encryption",
    "Ending",
    "FixedRate",
    "Follower",
    "Head",
    "Instant",
    "Lease",
    "LoopSignal",
    "MemoryCache",
    "Original",
    "Pace",
    "RecordedFrame",
    "Recorder",
    "Recording",
    "RedisCache",
    "RequestIdentity",
    "Running",
    "Signal",
    "ThreadedCache",
    "canonical_body",
    "decode",
    "encode",
    "request_key",
    "schedule",
    "scope_id",
    "scope_of",
    "scope_of_principal",
]
