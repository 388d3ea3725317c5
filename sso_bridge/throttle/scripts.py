"""The rules of `memory`, for Redis: each script is one step there, by the clock of its server.

A clock may be set. What lies further ahead than a rule can put it was written before the clock was
set back, and counts as over: nobody has to wait longer than the longest wait for that."""

from __future__ import annotations

from typing import Final

__all__ = ["ATTEMPT", "SPEND", "UNDO"]

SPEND: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local ends = {}
for i, key in ipairs(KEYS) do
    local interval, period = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local full = tonumber(redis.call('GET', key) or now)
    if full < now or full > now + period then full = now end
    ends[i] = full + interval
    if ends[i] - now > period then return i end
end
for i, key in ipairs(KEYS) do
    local left = math.ceil((ends[i] - now) / 1000)
    redis.call('SET', key, string.format('%.0f', ends[i]), 'PX', left)
end
return 0
"""
"""KEYS: of rates. ARGV: interval and period of each, in microseconds. The number of the first that
is used up, from 1; 0 if all were counted."""

ATTEMPT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local free, first, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local stored = redis.call('HMGET', KEYS[1], 'tried', 'next')
local tried, after = tonumber(stored[1] or 0), tonumber(stored[2] or 0)
if after > now and after <= now + longest then return {0, tried, after - now} end
tried = math.max(tried, tonumber(ARGV[5])) + 1
local wait = 0
if tried >= free then wait = math.min(longest, first * 2 ^ math.min(tried - free, 30)) end
redis.call('HSET', KEYS[1], 'tried', tried, 'next', string.format('%.0f', now + wait))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', wait + ARGV[4]))
return {tried, tried, wait}
"""
"""KEYS: of a login. ARGV: free, then first, longest and forget in milliseconds, and how many tries
were counted elsewhere at least. The number of the try, 0 if it has to wait; how many there were;
the wait."""

UNDO: Final = """
local tried = tonumber(redis.call('HGET', KEYS[1], 'tried') or 0)
local number = tonumber(ARGV[1])
if tried < number then return 0 end
if tried == number then redis.call('HSET', KEYS[1], 'next', 0) end
redis.call('HSET', KEYS[1], 'tried', tried - 1)
return 1
"""
"""KEYS: of a login. ARGV: the number of a try."""
