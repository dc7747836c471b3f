"""How much each scope keeps in Redis, counted where it is stored.

Strategy: one sorted set per scope is all there is to it, since Redis evicts a set as a whole or not
at all, and a count apart from what it counts would be wrong for ever. For each recording it has
``e`` and the key, with the time at which it ends, and ``s`` and the key, with its size and the
second in which it was counted, below zero; ``total`` is the sum of the sizes, below zero too. So
whatever has ended is found in one step: it has a score between zero and now. What Redis has evicted
is still counted at first. When the quota is reached, some of what is counted, drawn by chance, is
looked for, and what is gone makes room. What was counted just now is not looked for: it may not
be written yet.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

from ...wire.errors import OverQuotaError
from ..link.script import Script

if TYPE_CHECKING:
    from ..link.script import Value
    from ..recording import Recording
    from .answers import RedisAnswers

__all__ = ["RedisQuota"]

# How many recordings are looked for when the quota is reached, one after the other: it is the
# time of nobody, and Redis has others to serve.
_LOOKED_FOR: Final = 16

# How long after it was counted a recording may still be on its way, in seconds.
_GRACE: Final = 60

# A score is exact up to 53 bits: 27 for the size, 26 for the time, which then comes again in two
# years, when what was counted has ended.
_DROP: Final = """
local seconds = 2 ^ 26
local function size_of(key)
  local score = redis.call('ZSCORE', KEYS[1], 's' .. key)
  if not score then return 0, 0 end
  return math.floor(-score / seconds), -score % seconds
end
local function drop(key)
  local size = size_of(key)
  if size == 0 then return end
  redis.call('ZINCRBY', KEYS[1], size, 'total')
  redis.call('ZREM', KEYS[1], 's' .. key, 'e' .. key)
end
"""

# The clock is that of Redis, which also ends the recordings.
_TAKE: Final = Script(
    _DROP
    + """
-- KEYS: the set. ARGV: key, bytes, milliseconds, quota, where to look for some (0 to 1), how many,
-- seconds of grace. Returns whether it was taken; if not, which recordings may be gone.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, one in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(0', now, 'LIMIT', 0, 1000)) do
  drop(string.sub(one, 2))
end
local total = -(redis.call('ZSCORE', KEYS[1], 'total') or 0)
local before = size_of(ARGV[1])
if total - before + ARGV[2] > tonumber(ARGV[4]) then
  local count = (redis.call('ZCARD', KEYS[1]) - 1) / 2
  if count < 1 then return {0, {}} end
  local first = count + 1 + math.floor(ARGV[5] * count)
  local some = {}
  for _, one in ipairs(redis.call('ZRANGE', KEYS[1], first, first + ARGV[6] - 1)) do
    local key = string.sub(one, 2)
    local _, taken = size_of(key)
    if (time[1] - taken) % seconds >= tonumber(ARGV[7]) then some[#some + 1] = key end
  end
  return {0, some}
end
drop(ARGV[1])
local score = -(ARGV[2] * seconds + time[1] % seconds)
redis.call('ZADD', KEYS[1], now + ARGV[3], 'e' .. ARGV[1], score, 's' .. ARGV[1])
redis.call('ZINCRBY', KEYS[1], -ARGV[2], 'total')
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return {1, {}}
"""
)

_GONE: Final = Script(
    _DROP
    + """
-- KEYS: the set. ARGV: keys of recordings that are gone.
for _, key in ipairs(ARGV) do drop(key) end
return 1
"""
)


class RedisQuota:
    """Counts what each scope keeps, and says no.

    A recording that is counted and then not written after all is counted until it would have
    ended, or until it is looked for.

    Args:
        answers: of this process.

    Attributes:
        grace: seconds after which a recording that was counted must have been written.
    """

    def __init__(self, answers: RedisAnswers) -> None:
        self._answers = answers
        self.grace = _GRACE

    async def admit(self, key: bytes, recording: Recording, ttl: float, quota: int | None) -> bytes:
        """Return the bytes to keep of a recording, counted for its scope.

        Raises:
            OverQuotaError: the scope would keep more than ``quota`` bytes.
            CacheFullError: Redis is at its ``maxmemory``, or the recording over 64 MiB.
            CacheUnavailableError: Redis did not answer in time, or refused.
        """
        stored = self._answers.stored(key, recording)
        if quota is None:
            return stored
        # What was purged is never served again, and does not count any more: its set is another.
        name = self._answers.names.quota(recording.scope, recording.epoch)
        args: list[Value] = [key, len(stored), self._answers.milliseconds(ttl), quota]
        if not await self._take(name, args) and not await self._take(name, args):
            raise OverQuotaError(f"a recording of {len(stored)} bytes is over the quota")
        return stored

    async def _take(self, name: str, args: list[Value]) -> bool:
        """Count a recording if there is room; if not, make what room can be made."""
        where: list[Value] = [random.random(), _LOOKED_FOR, self.grace]  # noqa: S311 - to be fair is enough
        taken, some = await self._answers.run(_TAKE, [name], [*args, *where])
        gone: list[Any] = [one for one in some if not await self._is_there(one)]
        if gone:
            await self._answers.run(_GONE, [name], gone)
        return bool(taken)

    async def _is_there(self, key: bytes) -> bool:
        name = self._answers.names.recording(key)
        left: int = await self._answers.send("PTTL", name)
        return left != -2  # what Redis says of nothing
