"""The reading end in a web process: one blocking XREAD over all turns that its sockets follow.

A follower never gets a queue of pieces but the whole text so far, so a slow socket costs no memory
and can neither lose nor double a character: it sends what lies beyond what it has sent.
Redis down: the reader retries with back-off from its last ids; sockets stay open.
"""

import asyncio
import logging
import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import redis.asyncio as aioredis
from redis.exceptions import RedisError

from conversations.streaming.publisher import state_key, stream_key
from portal.core.cancellation import obey_cancellation
from portal.core.events import emit

_BLOCK_MS = 5_000
_BACKOFF = (0.1, 5.0)


@dataclass
class TurnText:
    """What is known of one turn's text. `ended` is the seq of its committed reply, or None."""

    text: str = ""
    stage: str = ""
    ended: int | None = None
    last_id: bytes = b"0"
    followers: set[asyncio.Event] = field(default_factory=set)

    def apply(self, fields: dict[bytes, bytes]) -> None:
        if b"t" in fields:
            offset, piece = int(fields[b"o"]), fields[b"t"].decode()
            self.text += piece[max(0, len(self.text) - offset) :]
        elif b"s" in fields:
            self.stage = fields[b"s"].decode()
        elif b"e" in fields:
            self.ended = int(fields[b"e"])


class StreamHub:
    """Follows turns for the sockets of one event loop. Start it lazily; it lives with the loop."""

    def __init__(self, url: str) -> None:
        self._client: Any = aioredis.Redis.from_url(url, socket_timeout=_BLOCK_MS / 1000 + 5)
        self._turns: dict[UUID, TurnText] = {}
        self._wake_key = f"portal:hub:{uuid.uuid4().hex}"
        self._wake_id = b"0"
        self._task: asyncio.Task[None] | None = None

    async def follow(self, turn_id: UUID) -> AsyncIterator[TurnText]:
        """Yield the turn's text whenever it grew, and a last time when it ended."""
        turn = self._turns.setdefault(turn_id, TurnText())
        changed = asyncio.Event()
        turn.followers.add(changed)
        try:
            if len(turn.followers) == 1:
                await self._wake()
            else:
                changed.set()
            while True:
                obey_cancellation()
                await changed.wait()
                changed.clear()
                yield turn
                if turn.ended is not None:
                    return
        finally:
            turn.followers.discard(changed)
            if not turn.followers:
                self._turns.pop(turn_id, None)

    async def _wake(self) -> None:
        """Make the reader read again, with the new turn in its list."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._read_for_ever())
            return
        try:
            await self._client.xadd(self._wake_key, {"w": "1"}, maxlen=1)
        except RedisError:
            return  # the reader is in its back-off and will take the new turn along

    async def _read_for_ever(self) -> None:
        failures = 0
        while True:
            obey_cancellation()
            try:
                await self._read_once()
                failures = 0
            except (RedisError, OSError) as exc:
                failures += 1
                if failures == 1:
                    emit("stream.reader.lost", level=logging.WARNING, error=type(exc).__name__)
                low, high = _BACKOFF
                await asyncio.sleep(random.uniform(low, min(high, low * 2**failures)))

    async def _read_once(self) -> None:
        keys = {stream_key(turn_id).encode(): turn for turn_id, turn in self._turns.items()}
        positions: dict[Any, Any] = {key: turn.last_id for key, turn in keys.items()}
        positions[self._wake_key.encode()] = self._wake_id
        entries = await self._client.xread(positions, block=_BLOCK_MS, count=500)
        for key, items in entries or ():
            turn = keys.get(key)
            if turn is None:
                self._wake_id = items[-1][0]
                continue
            for entry_id, fields in items:
                turn.apply(fields)
                turn.last_id = entry_id
            for follower in turn.followers:
                follower.set()

    async def request_stop(self, turn_id: UUID, ttl: int) -> None:
        """Make the next append of the turn's worker be refused. Raises RedisError."""
        pipe = self._client.pipeline(transaction=False)
        pipe.hset(state_key(turn_id), "stop", "1")
        pipe.expire(state_key(turn_id), ttl)
        await pipe.execute()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        await self._client.aclose()


_HUBS: dict[asyncio.AbstractEventLoop, StreamHub] = {}


def hub_for_loop(url: str) -> StreamHub:
    """The hub of the running event loop; one a process in production, one a test in tests."""
    loop = asyncio.get_running_loop()
    for dead in [known for known in _HUBS if known.is_closed()]:
        del _HUBS[dead]
    if loop not in _HUBS:
        _HUBS[loop] = StreamHub(url)
    return _HUBS[loop]
