"""Suggested replies on one desk's socket: each request streams, and ends with one frame."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from django.conf import settings

from conversations.access import Agent
from conversations.escalation.asking import AskingService
from conversations.escalation.copilot import SECONDS, stream_id
from conversations.streaming.database import run_db
from conversations.streaming.hub import hub_for_loop
from portal import limits
from portal.core.errors import ServiceError, Unavailable

AT_ONCE = 3


class Suggesting:
    def __init__(
        self, *, asking: AskingService, send: Callable[[dict[str, Any]], Awaitable[None]]
    ) -> None:
        self._asking, self._send = asking, send
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._streams: dict[UUID, UUID] = {}

    async def start(self, agent: Agent, conversation: UUID, request: UUID) -> None:
        """Begin a request. The same one again does nothing; too many end the oldest."""
        self._tasks = {key: task for key, task in self._tasks.items() if not task.done()}
        self._streams = {key: self._streams[key] for key in self._tasks}
        if request in self._tasks:
            return
        while len(self._tasks) >= AT_ONCE:
            await self.stop(next(iter(self._tasks)))
        stream = self._streams[request] = stream_id(agent.id, request)
        try:
            await run_db(
                self._asking.suggest, agent=agent, conversation_id=conversation, request=stream
            )
        except ServiceError as exc:
            await self._fail(request, exc)
            return
        await self._send({"type": "copilot.started", "request": str(request)})
        self._tasks[request] = asyncio.create_task(self._follow(request, stream))

    async def stop(self, request: UUID) -> None:
        task = self._tasks.pop(request, None)
        if task is not None:
            task.cancel()
            stream = self._streams.pop(request)
            await hub_for_loop(settings.REDIS_URL).request_stop(stream, limits.STREAM_TTL)

    def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    async def _follow(self, request: UUID, stream: UUID) -> None:
        try:
            async with asyncio.timeout(SECONDS + 10):
                await self._stream(request, stream)
                result = await run_db(self._asking.result, stream)
        except TimeoutError:
            result = None
        if result is None:
            await self._fail(request, Unavailable())
        elif "code" in result:
            await self._send({"type": "copilot.error", "request": str(request), **result})
        else:
            await self._send({"type": "copilot.done", "request": str(request), **result})

    async def _stream(self, request: UUID, stream: UUID) -> None:
        sent = 0
        async for text in hub_for_loop(settings.REDIS_URL).follow(stream):
            if len(text.text) > sent:
                await self._send(
                    {
                        "type": "copilot.delta",
                        "request": str(request),
                        "offset": sent,
                        "text": text.text[sent:],
                    }
                )
                sent = len(text.text)

    async def _fail(self, request: UUID, exc: ServiceError) -> None:
        await self._send(
            {
                "type": "copilot.error",
                "request": str(request),
                "code": exc.code,
                "detail": exc.detail,
            }
        )
