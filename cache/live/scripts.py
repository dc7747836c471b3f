"""What Redis decides itself, in one step each."""

from __future__ import annotations

from typing import Final

from ..link.script import Script

__all__ = ["APPEND", "CLAIM", "FINISH", "READ", "RELEASE", "RENEW", "WISH"]

# Who asks twice, because the first answer got lost, is told again that it leads.
CLAIM: Final = Script("""
-- KEYS: recording, lease. ARGV: who would lead, milliseconds, whether to pass by the recording,
-- the generation to pass by.
if ARGV[3] == '0' then
  local recording = redis.call('GET', KEYS[1])
  if recording then return {'hit', recording} end
end
local held = redis.call('GET', KEYS[2])
local other = held and held ~= ARGV[1]
if other and (ARGV[4] == '' or string.sub(held, 1, #ARGV[4]) ~= ARGV[4]) then
  return {'follow', held}
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {'lead'}
""")

# A lease that Redis has lost (evicted, flushed) is taken again, unless somebody else leads now.
RENEW: Final = Script("""
-- KEYS: lease, wishes, log. ARGV: who leads, milliseconds, how to publish, the channel.
local held = redis.call('GET', KEYS[1])
if held == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
elseif not held then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
redis.call('PEXPIRE', KEYS[3], 10 * ARGV[2])
redis.call(ARGV[3], ARGV[4], '')
return redis.call('SMEMBERS', KEYS[2])
""")

# Who is not the leader any more keeps nothing in the place of what the new leader keeps. Whatever
# may be refused comes first: once a script has written anything, Redis takes more than it has
# room for.
FINISH: Final = Script("""
-- KEYS: recording, lease, wishes. ARGV: who leads, milliseconds, the recording or nothing.
local held = redis.call('GET', KEYS[2])
local kept = 1
if ARGV[3] ~= '' then
  if held ~= ARGV[1] and (held or redis.call('GET', KEYS[1])) then
    kept = 0
  else
    local answer = redis.pcall('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
    if answer['err'] then kept = answer end
  end
end
redis.call('DEL', KEYS[3])
if held == ARGV[1] then redis.call('DEL', KEYS[2]) end
return kept
""")

# Where the answer to a claim got lost: nobody gives what this lease stands for.
RELEASE: Final = Script("""
-- KEYS: lease. ARGV: who leads.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
""")

# Published first: a Redis that is full can still tell those who listen. Returns -1 where there are
# not as many entries as that.
APPEND: Final = Script("""
-- KEYS: log. ARGV: entries there are, or -1 to begin anew; milliseconds; how to publish; the
-- channel; the entry.
redis.call(ARGV[3], ARGV[4], ARGV[5])
local before = redis.call('LLEN', KEYS[1])
local anew = ARGV[1] == '-1'
if not anew and before ~= tonumber(ARGV[1]) then return -1 end
local count = redis.call('RPUSH', KEYS[1], ARGV[5])
if anew and before > 0 then
  redis.call('DEL', KEYS[1])
  count = redis.call('RPUSH', KEYS[1], ARGV[5])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return count
""")

READ: Final = Script("""
-- KEYS: log, lease. ARGV: entries that are known; -1 for who wants none.
local count = redis.call('LLEN', KEYS[1])
local from = tonumber(ARGV[1])
local entries = {}
if count < from then from = 0 end
if from >= 0 then entries = redis.call('LRANGE', KEYS[1], from, -1) end
return {count, entries, redis.call('GET', KEYS[2]) or ''}
""")

WISH: Final = Script("""
-- KEYS: wishes. ARGV: the wish, milliseconds.
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
""")
