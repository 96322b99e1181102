"""Which rungs of the ladder are alive and how busy: workers announce it in Redis, others look.

One hash a rung, a field a worker; an announcement that is not repeated within TTL counts as gone.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import redis

from conversations.inference.remote_rungs import LOCAL_RUNGS

#: The ladder without remote rungs, best first. "extractive" and "person" need no worker.
ORDER = LOCAL_RUNGS
TTL = 10.0
_CACHE_SECONDS = 0.5


@dataclass(frozen=True)
class RungReport:
    """What a worker says of a rung that it serves. `reason` says why it is not ready.

    `slots` replies may be written at once and `active` are; `waiting` turns lie in the rung's
    queue, which `threads` threads of this worker empty, `busy` of which answer now.
    """

    tier: str
    worker: str
    model: str
    ready: bool
    at: float
    reason: str = ""
    slots: int = 0
    active: int = 0
    waiting: int = 0
    threads: int = 0
    busy: int = 0
    predicted_s: float = 0.0
    placement: str = ""
    since: float = 0.0

    @property
    def full(self) -> bool:
        """Whether all that it may write at once is being written. Without figures: no."""
        return bool(self.slots) and self.active >= self.slots

    @property
    def behind(self) -> bool:
        """Whether turns wait for a thread of its worker."""
        return bool(self.threads) and self.waiting > 0 and self.busy >= self.threads


_FIELDS = frozenset(item.name for item in fields(RungReport))


def key(tier: str) -> str:
    return f"portal:rungs:{tier}"


class Rungs:
    """Reads and writes announcements. Reading never raises: without Redis nothing is live."""

    def __init__(self, url: str, order: Sequence[str] = ORDER) -> None:
        self.order = tuple(order)
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
            for tier in self.order:
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
            for tier in self.order:
                pipe.hvals(key(tier))
            rows: list[list[Any]] = pipe.execute()
        except redis.RedisError:
            return []
        found = [_parsed(value) for values in rows for value in values]
        fresh = [item for item in found if item is not None and time.time() - item.at < TTL]
        self._cached = (time.monotonic(), fresh)
        return fresh

    def live(self) -> list[str]:
        """Names of the rungs that a ready worker serves, best first."""
        return [report.tier for report in self.best()]

    def best(self) -> list[RungReport]:
        """Of each rung that is served, the ready worker with the earliest predicted first text."""
        ready: dict[str, RungReport] = {}
        for report in self.reports():
            known = ready.get(report.tier)
            if report.ready and (known is None or _room(report) < _room(known)):
                ready[report.tier] = report
        return [ready[tier] for tier in self.order if tier in ready]


def _room(report: RungReport) -> tuple[bool, bool, float]:
    return report.behind, report.full, report.predicted_s


def _parsed(value: Any) -> RungReport | None:
    """An announcement, also of a worker with another version of this code."""
    try:
        said = json.loads(value)
        return RungReport(**{name: said[name] for name in _FIELDS & said.keys()})
    except (ValueError, TypeError, AttributeError):
        return None
