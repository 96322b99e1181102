"""Which rungs of the ladder are alive: workers announce themselves in Redis, dispatchers look.

One hash a rung, a field a worker; an announcement that is not repeated within TTL counts as gone.
"""

import json
import time
from dataclasses import asdict, dataclass
from typing import Any

import redis

#: Best first. "extractive" and "person" need no worker of their own and are not announced.
ORDER = ("gpu", "cpu")
TTL = 10.0
_CACHE_SECONDS = 0.5


@dataclass(frozen=True)
class RungReport:
    """What a worker says of itself. `reason` says why it is not ready."""

    tier: str
    worker: str
    model: str
    ready: bool
    at: float
    reason: str = ""


def key(tier: str) -> str:
    return f"portal:rungs:{tier}"


class Rungs:
    """Reads and writes announcements. Reading never raises: without Redis nothing is live."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
        self._cached: tuple[float, list[RungReport]] = (0.0, [])

    def announce(self, report: RungReport) -> None:
        """Raises redis.RedisError."""
        pipe = self._client.pipeline(transaction=False)
        pipe.hset(key(report.tier), report.worker, json.dumps(asdict(report)))
        pipe.expire(key(report.tier), int(TTL * 6))
        pipe.execute()

    def withdraw(self, tier: str, worker: str) -> None:
        """Raises redis.RedisError."""
        self._client.hdel(key(tier), worker)

    def forget_worker(self, worker: str) -> None:
        """Take back the announcements of a worker that was lost. Never raises: they run out."""
        self._cached = (0.0, [])
        try:
            pipe = self._client.pipeline(transaction=False)
            for tier in ORDER:
                pipe.hdel(key(tier), worker)
            pipe.execute()
        except redis.RedisError:
            return

    def reports(self) -> list[RungReport]:
        """All announcements that are not stale, best rung first; cached for half a second."""
        read_at, known = self._cached
        if time.monotonic() - read_at < _CACHE_SECONDS:
            return known
        try:
            pipe = self._client.pipeline(transaction=False)
            for tier in ORDER:
                pipe.hvals(key(tier))
            rows: list[list[Any]] = pipe.execute()
        except redis.RedisError:
            return []
        found = [RungReport(**json.loads(value)) for values in rows for value in values]
        fresh = [report for report in found if time.time() - report.at < TTL]
        self._cached = (time.monotonic(), fresh)
        return fresh

    def live(self) -> list[str]:
        """Names of the rungs that a ready worker serves, best first."""
        ready = {report.tier for report in self.reports() if report.ready}
        return [tier for tier in ORDER if tier in ready]
