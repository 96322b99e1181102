"""The doorbell: "this conversation has something new", over the channel layer. Lossy by design.

It carries a conversation's id and nothing that matters. Who misses it catches up by polling.
"""

import asyncio
import logging
import threading
from typing import Any
from uuid import UUID

from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from portal.core.events import emit


def group_name(conversation_id: UUID | str) -> str:
    return f"conversation.{conversation_id}"


def desk_group_name(conversation_id: UUID | str) -> str:
    """The desk pages on which a conversation is open; never a customer's socket."""
    return f"desk.conversation.{conversation_id}"


def notice(turn_id: UUID | None = None, head: int = 0) -> dict[str, Any]:
    """`head` is the last sequence number that was committed, so that who has seen it need not look;
    0: look in any case."""
    turn = str(turn_id) if turn_id else ""
    return {"type": "conversation.changed", "turn": turn, "head": head}


class Doorbell:
    """Rings from a thread without waiting, over one connection in a loop of its own.

    async_to_sync in each task would open a loop and a connection for every ring.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def ring(self, conversation_id: UUID, turn_id: UUID | None = None, head: int = 0) -> None:
        self.send(group_name(conversation_id), notice(turn_id, head))

    def send(self, group: str, message: dict[str, Any]) -> None:
        """Send a passing message to a group, without waiting and without a promise."""
        asyncio.run_coroutine_threadsafe(self._send(group, message), self._running_loop())

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._loop.is_closed():
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._loop.run_forever, name="doorbell", daemon=True
                ).start()
            return self._loop

    async def _send(self, group: str, message: dict[str, Any]) -> None:
        layer = get_channel_layer()
        try:
            if layer is not None:
                await layer.group_send(group, message)
        except (RedisError, OSError, ChannelFull) as exc:  # the poll makes up for it
            emit("doorbell.failed", level=logging.WARNING, error=type(exc).__name__)


doorbell = Doorbell()
