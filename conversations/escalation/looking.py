"""Who looks at a conversation and who types in it: in Redis, for seconds. Lossy by design."""

import asyncio
import json
import time
from typing import Any
from uuid import UUID

import redis.asyncio as aioredis
from django.conf import settings

from portal import limits

TYPING_TTL = 5.0


def _key(conversation: UUID, what: str) -> str:
    return f"portal:desk:{conversation}:{what}"


class Looking:
    """Presence in the conversations of one event loop's desks. Every call raises RedisError."""

    def __init__(self, url: str) -> None:
        self._client: Any = aioredis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)

    async def look(self, conversation: UUID, agent: int, name: str) -> None:
        await self._mark(conversation, "looking", agent, name, limits.LOOKING_TTL)

    async def type(self, conversation: UUID, agent: int, name: str) -> None:
        await self._mark(conversation, "typing", agent, name, TYPING_TTL)

    async def leave(self, conversation: UUID, agent: int, name: str) -> None:
        member = json.dumps([agent, name])
        pipe = self._client.pipeline(transaction=False)
        for what in ("looking", "typing"):
            pipe.zrem(_key(conversation, what), member)
        await pipe.execute()

    async def who(self, conversation: UUID) -> dict[str, list[dict[str, Any]]]:
        now = time.time()
        pipe = self._client.pipeline(transaction=False)
        for what in ("looking", "typing"):
            pipe.zrangebyscore(_key(conversation, what), now, "+inf")
        looking, typing = await pipe.execute()
        return {"looking": _people(looking), "typing": _people(typing)}

    async def _mark(self, conversation: UUID, what: str, agent: int, name: str, ttl: float) -> None:
        key, now = _key(conversation, what), time.time()
        pipe = self._client.pipeline(transaction=False)
        pipe.zremrangebyscore(key, 0, now)
        pipe.zadd(key, {json.dumps([agent, name]): now + ttl})
        pipe.expire(key, 60)
        await pipe.execute()


def _people(members: list[bytes]) -> list[dict[str, Any]]:
    found = sorted(tuple(json.loads(member)) for member in members)
    return [{"id": agent, "name": name} for agent, name in found]


_LOOKING: dict[asyncio.AbstractEventLoop, Looking] = {}


def looking_for_loop() -> Looking:
    loop = asyncio.get_running_loop()
    for dead in [known for known in _LOOKING if known.is_closed()]:
        del _LOOKING[dead]
    if loop not in _LOOKING:
        _LOOKING[loop] = Looking(settings.REDIS_URL)
    return _LOOKING[loop]
