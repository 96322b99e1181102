"""Limits that all processes share: how much in how long, and how many at once. Counted in Redis.

    verdict = limiter_for(settings.REDIS_URL).take((rule, "key"), (other_rule, "key", cost))
    if not verdict.allowed: refuse, and say verdict.retry_after

Without Redis everything is allowed, with one line in the log: a limit protects the service and
must not be what stops it. Keys are hashed, so that no address or name stands in Redis.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import redis
from redis.exceptions import RedisError

log = logging.getLogger("portal.limiter")

PREFIX = "portal:limit:"
SOCKET_SECONDS = 0.5
#: After a failure Redis is not asked for so long: no request waits for its time-out again.
REST_SECONDS = 5.0

# The generic cell rate algorithm: one number a key, the time at which its bucket is full again.
# All claims are granted or none; the time is Redis', so clocks of web processes do not matter.
_TAKE = """
local now = redis.call('TIME')
now = now[1] * 1 + now[2] / 1000000
local times, worst, index, left, held = {}, 0, 0, -1, 0
for i, key in ipairs(KEYS) do
  local count, seconds, cost = ARGV[i*3-2] * 1, ARGV[i*3-1] * 1, ARGV[i*3] * 1
  local full = math.max(tonumber(redis.call('GET', key) or now), now)
  local after = full + cost * seconds / count
  times[i] = after
  local wait = after - now - seconds
  if wait > worst then worst, index, held = wait, i, full - now end
  local free = math.floor((seconds - (after - now)) * count / seconds + 0.000001)
  if left < 0 or free < left then left = free end
end
if index > 0 then
  return {index, tostring(worst), 0, tostring(held)}
end
local reset = 0
for i, key in ipairs(KEYS) do
  local life = math.ceil((times[i] - now) * 1000) + 1000
  redis.call('SET', key, string.format('%.6f', times[i]), 'PX', life)
  reset = math.max(reset, times[i] - now)
end
return {0, '0', left, tostring(reset)}
"""

# Members with the time until which each is held; the dead fall out.
_HOLD = """
local now = redis.call('TIME')[1] * 1
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local known = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not known and redis.call('ZCARD', KEYS[1]) >= ARGV[2] * 1 then
  return 0
end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3] * 2)
return 1
"""


@dataclass(frozen=True)
class Rule:
    """`count` at once, refilled evenly within `seconds`. A count of 0 sets no limit."""

    name: str
    count: int
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """Seconds until it may go on (0: now), and until the fullest bucket is empty again.

    `rule` is what refused; `remaining` counts what the tightest rule still allows.
    """

    allowed: bool
    remaining: int = 0
    retry_after: float = 0.0
    reset_after: float = 0.0
    rule: Rule | None = None


Claim = tuple[Rule, str] | tuple[Rule, str, float]


class Limiter:
    """Synchronous and safe to share between threads; from an event loop, call it in a thread."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client: Any = redis.Redis.from_url(
            url, socket_timeout=SOCKET_SECONDS, socket_connect_timeout=SOCKET_SECONDS
        )
        self._clock = clock
        self._away_until = 0.0
        self._take = self._client.register_script(_TAKE)
        self._hold = self._client.register_script(_HOLD)

    def take(self, *claims: Claim) -> Verdict:
        """Take from every bucket, or from none. A cost above a rule's count is never granted."""
        rules = [claim for claim in claims if claim[0].count > 0]
        if not rules:
            return Verdict(allowed=True)
        arguments: list[float] = []
        for rule, _key, *cost in rules:
            arguments += [rule.count, rule.seconds, cost[0] if cost else 1]
        keys = [_redis_key(claim[0].name, claim[1]) for claim in rules]
        answer = self._ask(lambda: self._take(keys=keys, args=arguments))
        if answer is None:
            return Verdict(allowed=True, remaining=min(claim[0].count for claim in rules))
        index, wait, left, reset = answer
        return Verdict(
            allowed=index == 0,
            remaining=max(0, int(left)),
            retry_after=float(wait),
            reset_after=float(reset),
            rule=rules[int(index) - 1][0] if index else None,
        )

    def hold(self, rule: Rule, key: str, member: str) -> bool:
        """Hold one of `count` places for `seconds`; hold it again in time to keep it."""
        if rule.count <= 0:
            return True
        name = _redis_key(rule.name, key)
        args: list[str | int] = [member, rule.count, int(rule.seconds)]
        return bool(self._ask(lambda: self._hold(keys=[name], args=args), default=1))

    def drop(self, rule: Rule, key: str, member: str) -> None:
        """Give a place back."""
        name = _redis_key(rule.name, key)
        self._ask(lambda: self._client.zrem(name, member))

    def forget(self, rule: Rule, key: str) -> None:
        """Empty a bucket, say after a success."""
        name = _redis_key(rule.name, key)
        self._ask(lambda: self._client.delete(name))

    def _ask(self, question: Callable[[], Any], default: Any = None) -> Any:
        if self._clock() < self._away_until:
            return default
        try:
            return question()
        except (RedisError, OSError) as exc:
            self._away_until = self._clock() + REST_SECONDS
            log.warning("Limits are not kept for now, Redis is away: %s", type(exc).__name__)
            return default


def _redis_key(rule: str, key: str) -> str:
    return f"{PREFIX}{rule}:{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}"


@lru_cache(maxsize=8)
def limiter_for(url: str) -> Limiter:
    """The process' limiter of one Redis."""
    return Limiter(url)


def headers(rule: Rule, verdict: Verdict) -> Mapping[str, str]:
    """The rate limit fields of an HTTP answer (draft-ietf-httpapi-ratelimit-headers-07)."""
    fields = {
        "RateLimit-Limit": str(rule.count),
        "RateLimit-Remaining": str(verdict.remaining),
        "RateLimit-Reset": str(int(verdict.reset_after + 0.999)),
    }
    if not verdict.allowed:
        fields["Retry-After"] = str(max(1, int(verdict.retry_after + 0.999)))
    return fields
