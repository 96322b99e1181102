"""The conversation that is open on a desk: its frames as the customer gets them, and what is typed.

It reads through the agent's rights every time, so a transfer to another team closes it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from django.conf import settings

from conversations.access import Agent, visible_conversation
from conversations.models import Turn
from conversations.services import turns
from conversations.streaming import replay
from conversations.streaming.database import run_db
from conversations.streaming.hub import hub_for_loop
from portal import limits

Send = Callable[[dict[str, Any]], Awaitable[None]]


def visible_page(agent: Agent, conversation_id: UUID, after: int) -> list[dict[str, Any]]:
    """The next durable frames. Raises NotFound when the agent may not see them."""
    visible_conversation(agent, conversation_id)
    return replay.events_after(conversation_id, after)


class OpenedConversation:
    """Sends each durable frame once and follows the assistant's reply in progress."""

    def __init__(self, *, agent: Agent, conversation: UUID, after: int, send: Send) -> None:
        self.agent, self.conversation, self.sent = agent, conversation, after
        self._send = send
        self._lock = asyncio.Lock()
        self._following: UUID | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def refresh(self) -> None:
        """Send what is new. Raises NotFound when it may not be seen any more."""
        async with self._lock:
            while not self._closed:
                page = await run_db(visible_page, self.agent, self.conversation, self.sent)
                for frame in page:
                    await self._say("conversation.frame", frame=frame)
                    self.sent = frame["seq"]
                if len(page) < limits.EVENTS_PAGE:
                    break
            turn = await run_db(turns.live, self.conversation)
        if turn is not None and turn.pk != self._following and not self._closed:
            self._unfollow()
            self._following = turn.pk
            self._task = asyncio.create_task(self._follow(turn))

    def close(self) -> None:
        self._closed = True
        self._unfollow()

    def _unfollow(self) -> None:
        task, self._task, self._following = self._task, None, None
        if task is not None:
            task.cancel()

    async def _follow(self, turn: Turn) -> None:
        sent, stage, message = 0, "", str(turn.message_id)
        async for text in hub_for_loop(settings.REDIS_URL).follow(turn.pk):
            if text.stage != stage and not text.text:
                stage = text.stage
                await self._say("conversation.delta", message=message, stage=stage)
            if len(text.text) > sent:
                piece = text.text[sent:]
                await self._say("conversation.delta", message=message, offset=sent, text=piece)
                sent = len(text.text)

    async def _say(self, kind: str, **fields: Any) -> None:
        await self._send({"type": kind, "conversation": str(self.conversation), **fields})
