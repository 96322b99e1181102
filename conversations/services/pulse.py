"""When the sweeper last ran on beat's ring: one mark in Redis, for doctor and probes."""

import time

import redis

from conversations import dispatch

KEY = "portal:beat:at"
_TTL = 24 * 3600


def tick() -> None:
    """Note the time. Without Redis nobody can read it, and nothing else depends on it."""
    try:
        dispatch.stream_client.set(KEY, repr(time.time()), ex=_TTL)
    except redis.RedisError:
        return


def seconds_since_tick() -> float | None:
    """None: never, or Redis is away or was emptied."""
    try:
        found = dispatch.stream_client.get(KEY)
    except redis.RedisError:
        return None
    return None if found is None else max(0.0, time.time() - float(found))
