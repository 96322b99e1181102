"""The open sockets of this process, and the poll that makes up for a lost doorbell.

One query a period for all of them: who is behind the database is told to look.
"""

import asyncio
import logging
from collections import defaultdict
from typing import Protocol
from uuid import UUID

from django.db import DatabaseError

from conversations.streaming.database import run_db
from conversations.streaming.replay import heads
from portal.core.cancellation import obey_cancellation

log = logging.getLogger("portal.presence")

POLL_SECONDS = 3.0


class Listener(Protocol):
    @property
    def sent_seq(self) -> int: ...

    async def refresh(self) -> None: ...


class Presence:
    """Registry of listeners by conversation, for one event loop."""

    def __init__(self) -> None:
        self._listeners: dict[UUID, set[Listener]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    def add(self, conversation_id: UUID, listener: Listener) -> None:
        self._listeners[conversation_id].add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())

    def remove(self, conversation_id: UUID, listener: Listener) -> None:
        self._listeners[conversation_id].discard(listener)
        if not self._listeners[conversation_id]:
            del self._listeners[conversation_id]

    async def _poll(self) -> None:
        while self._listeners:
            obey_cancellation()
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self._refresh_behind()
            except DatabaseError as exc:
                log.warning("sockets could not be polled: %s", type(exc).__name__)

    async def _refresh_behind(self) -> None:
        current = {key: tuple(listeners) for key, listeners in self._listeners.items()}
        for conversation_id, head in (await run_db(heads, list(current))).items():
            for listener in current[conversation_id]:
                if listener.sent_seq < head:
                    await listener.refresh()


_PRESENCE: dict[asyncio.AbstractEventLoop, Presence] = {}


def presence_for_loop() -> Presence:
    loop = asyncio.get_running_loop()
    for dead in [known for known in _PRESENCE if known.is_closed()]:
        del _PRESENCE[dead]
    return _PRESENCE.setdefault(loop, Presence())
