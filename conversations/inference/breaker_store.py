"""Where breakers are kept: in Redis for all workers, and in this process while Redis is away."""

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import redis

from conversations.inference import breaker as states
from conversations.inference.breaker import Breaker, Held
from portal.core.events import emit
from portal.core.metrics import BREAKER

#: An untouched breaker is forgotten after this; a forgotten one is closed.
KEEP_SECONDS = 24 * 3600
#: How old a state may be that a turn is sent by; writes always read the newest.
_CACHE_SECONDS = 0.5


def key(rung: str) -> str:
    return f"portal:breaker:{rung}"


class Breakers:
    """The breakers of all rungs. Without Redis each process goes on with its own."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)
        self._clock = clock
        self._known: dict[str, tuple[float, Breaker]] = {}
        self._lock = threading.Lock()

    def get(self, rung: str) -> Breaker:
        """The state, at most half a second old."""
        read_at, known = self._known.get(rung, (-_CACHE_SECONDS, Breaker()))
        if time.monotonic() - read_at < _CACHE_SECONDS:
            return known
        with contextlib.suppress(redis.RedisError):  # else it goes on with what it knows
            known = _parsed(self._client.get(key(rung)))
        return self._keep(rung, known)

    def failed(self, rung: str, reason: str) -> Breaker:
        return self._change(rung, lambda now, old: states.failed(old, now, reason))

    def succeeded(self, rung: str) -> Breaker:
        known = self.get(rung)
        if known.position == "closed" and not known.failures:
            return known  # the usual case costs no write
        return self._change(rung, lambda now, old: states.succeeded(old, now))

    def take_probe(self, rung: str) -> bool:
        """Take the rung's one probe; False when none is due or another worker has it."""
        if not self.get(rung).probe_due(self._clock()):
            return False
        taken: list[bool] = []

        def take(now: float, old: Breaker) -> Breaker:
            new = states.probing(old, now)
            taken[:] = [new is not None]
            return new or old

        self._change(rung, take)
        return taken == [True]

    def hold(self, rung: str, to: Held) -> Breaker:
        """Set by an operator's hand, for all workers. Raises redis.RedisError."""
        return self._change(rung, lambda now, old: states.held(old, now, to), shared=True)

    def _change(
        self, rung: str, change: Callable[[float, Breaker], Breaker], *, shared: bool = False
    ) -> Breaker:
        with self._lock:
            before: Breaker = self._known.get(rung, (0.0, Breaker()))[1]
            try:
                before, after = self._in_redis(rung, change)
            except redis.RedisError:
                if shared:
                    raise
                after = change(self._clock(), before)
            self._keep(rung, after)
        if (before.position, before.held) != (after.position, after.held):
            emit(
                "breaker.changed",
                level=logging.INFO if after.passes else logging.WARNING,
                tier=rung,
                position=after.position,
                held=after.held,
                reason=after.reason,
            )
        return after

    def _in_redis(
        self, rung: str, change: Callable[[float, Breaker], Breaker]
    ) -> tuple[Breaker, Breaker]:
        """Read, change and write, again when another worker wrote in between."""

        def transaction(pipe: Any) -> tuple[Breaker, Breaker]:
            old = _parsed(pipe.get(key(rung)))
            new = change(self._clock(), old)
            pipe.multi()
            if new != old:
                pipe.set(key(rung), json.dumps(asdict(new)), ex=KEEP_SECONDS)
            return old, new

        client: Any = self._client
        result: tuple[Breaker, Breaker] = client.transaction(
            transaction, key(rung), value_from_callable=True
        )
        return result

    def _keep(self, rung: str, breaker: Breaker) -> Breaker:
        self._known[rung] = (time.monotonic(), breaker)
        BREAKER.labels(rung).set(0 if breaker.passes else 1)
        return breaker


def _parsed(raw: Any) -> Breaker:
    """A stored state; one that a newer or broken writer left is taken as closed."""
    if not raw:
        return Breaker()
    try:
        values = json.loads(raw)
        values["failures"] = tuple(values["failures"])
        return Breaker(**values)
    except (ValueError, TypeError, KeyError):
        return Breaker()
