"""What is kept under one prefix in Redis, for people who look after it.

Strategy: nothing here may hold up the requests that Redis answers meanwhile. Names are found with
``SCAN``, some at a time, on every server of a cluster, and what stands under them is read in
batches, each one round trip to the server that has it. A walk sees everything that is there from
its beginning to its end; what comes or goes meanwhile, perhaps.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, cast

from ..wire.errors import CacheUnavailableError, ConfigurationError, CorruptRecordingError
from .breaker import Breaker
from .encryption import MAGIC, Encryption
from .live.names import EPOCH_BYTES, YEAR_SECONDS, Name, Names, bytes_of
from .opening import open_link
from .stored_form import decode

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from redis.asyncio import Redis

    from .recording import Recording

__all__ = ["Catalogue", "Kept", "Memory", "Step"]

# Redis looks at so many names in one step, which takes it some tenths of a millisecond.
_SCAN_COUNT: Final = 500

# Values read in one round trip, of some kB each.
_BATCH: Final = 50

# A person waits longer than a request; a Redis that needs more is not well.
_SECONDS: Final = 10.0

_PART_OF_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,43}")

Unread = Literal["sealed", "corrupt", ""]
Step: TypeAlias = "Callable[[int], None]"
"""Told how many names Redis has looked at since the last time."""


class Kept(NamedTuple):
    """One recording, as it is kept.

    Attributes:
        id: what its request is called; tells nothing about it.
        size: bytes in Redis.
        ttl: seconds that it is kept from now on.
        recording: None where it cannot be read.
        unread: why: ``"sealed"`` (no key was given), ``"corrupt"`` (or none of them opens it).
        purged: it is there until its time is up, and no process serves it.
    """

    id: str
    size: int
    ttl: float
    recording: Recording | None
    unread: Unread
    purged: bool = False


class Memory(NamedTuple):
    """What the servers say of their memory: bytes, of all of them together.

    Attributes:
        used: by whatever is kept there, not by us alone.
        limit: ``maxmemory``; 0: none.
        policy: what happens at the limit.
        servers: how many hold a part of the data.
    """

    used: int
    limit: int
    policy: str
    servers: int


class Catalogue:
    """Looks at the recordings under one prefix, and forgets them.

    Each method raises :class:`CacheUnavailableError` where Redis does not answer, or refuses.

    Args:
        url: as :class:`RedisCache` takes it.
        prefix: likewise.
        encryption: opens what is sealed; None: that stays unread.

    Raises:
        ConfigurationError: the URL cannot be used.
        MissingExtraError: redis-py is not installed.
    """

    def __init__(self, url: str, *, prefix: str, encryption: Encryption | None = None) -> None:
        self._link = open_link(url, Breaker(1.0), "--url")
        self._prefix = prefix
        self._names = Names(prefix)
        self._encryption = encryption

    async def close(self) -> None:
        """Close the connections of the running loop."""
        await self._link.close()

    # What there is

    async def count(self) -> int:
        """Return how many names there are in all, not of ours alone."""
        masters = await self._link.masters(_SECONDS)
        return sum([await self._on(node, "DBSIZE") for node in masters])

    async def sizes(self, step: Step) -> AsyncGenerator[tuple[list[Name], int]]:
        """Yield some names at a time, and the bytes of the recordings among them."""
        async for node, names in self._walk("{*", step):
            recordings = [name.id for name in names if name.kind == "recording"]
            asked = [("STRLEN", self._name(one)) for one in recordings]
            yield names, sum(await self._ask(node, asked))

    async def kept(self, step: Step) -> AsyncGenerator[list[Kept]]:
        """Yield some recordings at a time."""
        async for node, names in self._walk("{*}", step):
            ids = [name.id for name in names if name.kind == "recording"]
            for at in range(0, len(ids), _BATCH):
                yield await self._read(node, ids[at : at + _BATCH])

    async def one(self, beginning: str, step: Step) -> Kept:
        """Return the one recording whose id begins like this.

        Raises:
            ConfigurationError: there is none, or more than one.
        """
        found = await self._only("recording", beginning, "{%s*}", step)
        (node, *_) = await self._link.masters(_SECONDS)
        kept = await self._read(node, [found])
        if not kept:
            raise ConfigurationError(f"there is no recording whose id begins with {beginning}")
        return kept[0]

    async def scope(self, beginning: str, step: Step) -> str:
        """Return the id of the one scope that begins like this.

        Raises:
            ConfigurationError: there is none, or more than one.
        """
        return await self._only("scope", beginning, "{epochs}:%s*", step)

    async def memory(self) -> Memory | None:
        """Return what the servers say of their memory; None where we may not ask."""
        masters = await self._link.masters(_SECONDS)
        try:
            told = [await self._on(node, "INFO", "memory") for node in masters]
        except CacheUnavailableError as error:
            if error.reason == "refused":
                return None
            raise
        used = sum(one["used_memory"] for one in told)
        limit = sum(one.get("maxmemory", 0) for one in told)
        return Memory(used, limit, told[0].get("maxmemory_policy", ""), len(told))

    async def secret(self) -> bytes | None:
        """Return the secret that the processes agreed on in Redis, if they did."""
        name = self._names.secret
        found: object = await self._link.call(lambda redis: redis.get(name), _SECONDS)
        return found if isinstance(found, bytes) else None

    # To forget it

    async def delete(self, one: str) -> bool:
        """Delete the recording of this id; return whether it was there."""
        name = self._name(one)
        return bool(await self._link.call(lambda redis: redis.delete(name), _SECONDS))

    async def purge(self, scope: str | None) -> bool:
        """Make all that a scope has kept unservable; with None, all there is.

        Returns:
            False where the scope has no mark: nothing that it has could be served anyhow.
        """
        name = self._names.epoch(None if scope is None else bytes_of(scope))
        mark = secrets.token_bytes(EPOCH_BYTES)
        done: object = await self._link.call(
            lambda redis: redis.set(name, mark, ex=YEAR_SECONDS, xx=True), _SECONDS
        )
        return bool(done)

    # One server at a time

    async def _only(self, kind: str, beginning: str, pattern: str, step: Step) -> str:
        if not _PART_OF_ID.fullmatch(beginning):
            raise ConfigurationError("an id has up to 43 letters, digits, '-' and '_'")
        if kind == "recording" and self._names.read(f"{self._prefix}:{{{beginning}}}").kind == kind:
            return beginning  # a whole id: nothing to look for
        found: set[str] = set()
        async for _, names in self._walk(pattern % beginning, step):
            found |= {name.id for name in names if name.kind == kind}
        if len(found) != 1:
            how_many = "more than one" if found else "no"
            raise ConfigurationError(f"there is {how_many} {kind} whose id begins with {beginning}")
        return found.pop()

    async def _walk(self, pattern: str, step: Step) -> AsyncGenerator[tuple[Redis, list[Name]]]:
        """Yield what matches, each once, and the server that has it."""
        seen: set[int] = set()  # SCAN may tell a name twice, while its table grows or shrinks
        match = f"{self._prefix}:{pattern}"
        for node in await self._link.masters(_SECONDS):
            cursor, first = 0, True
            while cursor or first:
                first = False
                told = await self._on(node, "SCAN", cursor, "MATCH", match, "COUNT", _SCAN_COUNT)
                cursor, found = cast("tuple[int, list[bytes]]", told)
                new = {hash(name): name for name in found if hash(name) not in seen}
                seen |= new.keys()
                step(_SCAN_COUNT)
                yield node, [self._names.read(name.decode()) for name in new.values()]

    async def _read(self, node: Redis, ids: Sequence[str]) -> list[Kept]:
        asked = [(verb, self._name(one)) for one in ids for verb in ("GET", "PTTL")]
        told = await self._ask(node, asked)
        found = [
            Kept(one, len(value), max(0, left) / 1000, *self._opened(bytes_of(one), value))
            for one, value, left in zip(ids, told[::2], told[1::2], strict=True)
            if value is not None
        ]
        marks = await self._marks({one.recording.scope for one in found if one.recording})
        return [
            one._replace(purged=one.recording.epoch != marks[one.recording.scope])
            if one.recording
            else one
            for one in found
        ]

    async def _marks(self, scopes: set[bytes]) -> dict[bytes, bytes]:
        """Return what the recordings of these scopes have to bear, as ``RedisCache.epoch``."""
        listed = list(scopes)
        names = [self._names.epoch(None), *map(self._names.epoch, listed)]
        told: list[bytes | None] = await self._link.call(_sending(["MGET", *names]), _SECONDS)
        everybody, *each = [mark or b"" for mark in told]
        return {scope: everybody + mark for scope, mark in zip(listed, each, strict=True)}

    def _opened(self, key: bytes, value: bytes) -> tuple[Recording | None, Unread]:
        stored = value.removeprefix(key)
        if (sealed := stored.startswith(MAGIC)) and self._encryption is None:
            return None, "sealed"
        try:
            if not value.startswith(key):
                return None, "corrupt"
            if sealed and self._encryption is not None:
                stored = self._encryption.open(key, stored)
            return decode(stored), ""
        except CorruptRecordingError:
            return None, "corrupt"

    async def _ask(self, node: Redis, commands: Sequence[tuple[str, str]]) -> list[Any]:
        """Send commands at once; what has moved to another server is asked for there."""

        def send(_: Redis) -> Awaitable[list[Any]]:
            batch = node.pipeline(transaction=False)
            for command in commands:
                cast("Any", batch).execute_command(*command)
            return batch.execute(raise_on_error=False)

        told = await self._link.call(send, _SECONDS) if commands else []
        for at, answer in enumerate(told):
            if isinstance(answer, Exception):
                told[at] = await self._link.call(_sending(commands[at]), _SECONDS)
        return told

    async def _on(self, node: Redis, *command: str | int) -> Any:
        asked = _sending(command)
        return await self._link.call(lambda _: asked(node), _SECONDS)

    def _name(self, one: str) -> str:
        return self._names.recording(bytes_of(one))


def _sending(command: Sequence[str | int]) -> Callable[[Redis], Awaitable[Any]]:
    return lambda redis: cast("Any", redis).execute_command(*command)
