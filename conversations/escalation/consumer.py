"""The desk's socket: events of the queue, the open conversation, presence and the copilot.

Opened by the session, from the portal's own pages only; the session and its rights are read again
every few seconds and at a logout, because a socket lives longer than a login.
"""

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError
from django.http import parse_cookie
from django.utils import timezone
from redis.exceptions import RedisError

from conversations import access
from conversations.access import Agent
from conversations.escalation import desk_frames, staff
from conversations.escalation.asking import AskingService
from conversations.escalation.audit import DESK_GROUP
from conversations.escalation.feed import DeskEvent, feed_for_loop, read_events
from conversations.escalation.looking import looking_for_loop
from conversations.escalation.open_conversation import OpenedConversation
from conversations.escalation.sessions import user_group
from conversations.escalation.suggesting import Suggesting
from conversations.models import Conversation
from conversations.streaming.database import run_db
from conversations.streaming.doorbell import desk_group_name, group_name
from conversations.streaming.frames import FrameError, encode
from portal.core.errors import NotFound, ServiceError, Unavailable
from portal.core.events import emit
from portal.core.metrics import DESKS, FRAMES, REFUSED

CLOSE_FORBIDDEN = 4003
CLOSE_LATER = 4013
RECHECK_SECONDS = 10.0
LOGOUT_SECONDS = 0.2
REPLAYED = 500

log = logging.getLogger("portal.desk")
staff_service = staff.StaffService()
asking = AskingService()


class DeskConsumer(AsyncWebsocketConsumer):
    agent: Agent | None = None
    opened: OpenedConversation | None = None

    # --- coming and going

    async def connect(self) -> None:
        if not self._from_own_page():
            emit("socket.refused", code="origin")
            await self.close()  # before it is accepted: the handshake ends with 403
            return
        await self.accept()
        self._session_key = self._cookie(settings.SESSION_COOKIE_NAME)
        self._suggesting = Suggesting(asking=asking, send=self._send)
        try:
            agent = await run_db(access.session_agent, self._session_key)
            cursor = await self._join(agent)
        except ServiceError as exc:
            await self._refuse(exc, CLOSE_FORBIDDEN)
            return
        except DatabaseError:
            await self._refuse(Unavailable(), CLOSE_LATER)
            return
        DESKS.inc()
        me = await run_db(staff.me, agent, timezone.now())
        await self._send({"type": "desk.hello", "cursor": cursor, "me": me})
        self._watch = asyncio.create_task(self._stay_allowed())

    async def _join(self, agent: Agent) -> int:
        for group in (DESK_GROUP, user_group(agent.id)):
            await self._group(self.channel_layer.group_add, group)
        self.agent = agent
        return await feed_for_loop().add(self)

    async def disconnect(self, code: int) -> None:
        if self.agent is None:
            return
        agent, self.agent = self.agent, None
        DESKS.dec()
        self._watch.cancel()
        self._suggesting.close()
        feed_for_loop().remove(self)
        for group in (DESK_GROUP, user_group(agent.id)):
            await self._group(self.channel_layer.group_discard, group)
        await self._close_conversation(agent)

    async def _refuse(self, exc: ServiceError, code: int) -> None:
        emit("socket.refused", code=exc.code)
        await self._send({"type": "error", "code": exc.code, "detail": exc.detail})
        await self.close(code=code)

    def _header(self, name: bytes) -> str:
        return dict(self.scope["headers"]).get(name, b"").decode("latin-1")

    def _from_own_page(self) -> bool:
        """Cookies come along from foreign pages too; the Origin says which page it was."""
        origin, host = self._header(b"origin"), self._header(b"host")
        return bool(host) and urlsplit(origin).netloc.lower() == host.lower()

    def _cookie(self, name: str) -> str:
        return str(parse_cookie(self._header(b"cookie")).get(name, ""))

    # --- rights

    async def _stay_allowed(self) -> None:
        while self.agent is not None:
            await asyncio.sleep(RECHECK_SECONDS)
            await self._recheck()

    async def session_changed(self, _event: dict[str, Any]) -> None:
        """Somebody logged out. Django rings before it deletes the session."""
        await asyncio.sleep(LOGOUT_SECONDS)
        await self._recheck()

    async def _recheck(self) -> None:
        """Read the rights again; the socket ends with the session."""
        if self.agent is None:
            return
        try:
            self.agent = await run_db(access.session_agent, self._session_key)
            if self.opened is not None:
                self.opened.agent = self.agent
                await self._show_presence(looking=True)
        except ServiceError as exc:
            await self._refuse(exc, CLOSE_FORBIDDEN)
        except DatabaseError as exc:
            log.warning("a session could not be read: %s", type(exc).__name__)

    # --- what the page sends

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.agent is None:
            return
        try:
            await self._serve(self.agent, desk_frames.parse(text_data))
        except FrameError as exc:
            REFUSED.labels(exc.code).inc()
            await self._send(exc.frame())
        except ServiceError as exc:
            await self._send({"type": "error", "code": exc.code, "detail": exc.detail})
        except (DatabaseError, RedisError, OSError):
            log.exception("a desk frame could not be served")
            unavailable = Unavailable()
            await self._send(
                {"type": "error", "code": unavailable.code, "detail": unavailable.detail}
            )

    async def _serve(self, agent: Agent, frame: desk_frames.DeskFrame) -> None:
        match frame:
            case desk_frames.Heartbeat():
                availability = await run_db(staff_service.heard, agent=agent, now=timezone.now())
                await self._send({"type": "heartbeat", "availability": availability})
            case desk_frames.ResumeEvents(after=after):
                await self._replay(after)
            case desk_frames.OpenConversation(conversation=conversation, after=after):
                await self._open(agent, conversation, after)
            case desk_frames.AgentTypes(conversation=conversation):
                await self._typing(agent, conversation)
            case desk_frames.Suggest(conversation=conversation, request=request):
                await self._suggesting.start(agent, conversation, request)
            case desk_frames.StopSuggestion(request=request):
                await self._suggesting.stop(request)

    async def _replay(self, after: int) -> None:
        events = await run_db(read_events, after, frozenset(), timezone.now(), REPLAYED + 1)
        if len(events) > REPLAYED:
            await self._send({"type": "desk.stale", "cursor": events[-1].id})
            return
        for event in events:
            await self.deliver(event)

    async def _open(self, agent: Agent, conversation: UUID | None, after: int) -> None:
        await self._close_conversation(agent)
        if conversation is None:
            return
        opened = OpenedConversation(
            agent=agent, conversation=conversation, after=after, send=self._send
        )
        await opened.refresh()  # raises NotFound for what this agent may not see
        self.opened = opened
        for group in (group_name(conversation), desk_group_name(conversation)):
            await self._group(self.channel_layer.group_add, group)
        await opened.refresh()  # what came between the first look and the groups
        await self._show_presence(looking=True)

    async def _close_conversation(self, agent: Agent) -> None:
        opened, self.opened = self.opened, None
        if opened is None:
            return
        opened.close()
        for group in (group_name(opened.conversation), desk_group_name(opened.conversation)):
            await self._group(self.channel_layer.group_discard, group)
        try:
            await looking_for_loop().leave(opened.conversation, agent.id, agent.name)
            await self._ring_presence(opened.conversation)
        except (RedisError, OSError):
            return  # the mark runs out by itself

    async def _typing(self, agent: Agent, conversation: UUID) -> None:
        """Colleagues see it, and the customer when it is the holder who types."""
        if self.opened is None or self.opened.conversation != conversation:
            return
        await looking_for_loop().type(conversation, agent.id, agent.name)
        await self._ring_presence(conversation)
        if await run_db(_holds, agent, conversation):
            message = {"type": "agent.typing", "name": agent.name}
            await self.channel_layer.group_send(group_name(conversation), message)

    async def _show_presence(self, *, looking: bool) -> None:
        if self.opened is None or self.agent is None:
            return
        try:
            if looking:
                await looking_for_loop().look(
                    self.opened.conversation, self.agent.id, self.agent.name
                )
            await self._ring_presence(self.opened.conversation)
        except (RedisError, OSError) as exc:
            emit("doorbell.failed", level=logging.WARNING, error=type(exc).__name__)

    async def _ring_presence(self, conversation: UUID) -> None:
        who = await looking_for_loop().who(conversation)
        await self.channel_layer.group_send(
            desk_group_name(conversation), {"type": "desk.presence", **who}
        )

    # --- what others bring

    async def deliver(self, event: DeskEvent) -> None:
        if self.agent is None:
            return
        if event.visible_to(self.agent):
            FRAMES.labels("desk.event").inc()
            await self.send(text_data=event.text)
        elif event.gone:
            await self.send(text_data=event.gone)

    async def turn_away(self) -> None:
        await self.close(code=CLOSE_LATER)

    async def desk_changed(self, event: dict[str, Any]) -> None:
        """The desk's doorbell rang."""
        try:
            await feed_for_loop().rung(event["entry"])
        except DatabaseError as exc:
            log.warning("the desk's log could not be read: %s", type(exc).__name__)

    async def conversation_changed(self, _event: dict[str, Any]) -> None:
        if self.opened is None or self.agent is None:
            return
        try:
            await self.opened.refresh()
        except NotFound:
            conversation = self.opened.conversation
            await self._close_conversation(self.agent)
            await self._send({"type": "conversation.gone", "conversation": str(conversation)})
        except DatabaseError as exc:
            log.warning("a conversation could not be read: %s", type(exc).__name__)

    async def desk_presence(self, event: dict[str, Any]) -> None:
        if self.opened is not None:
            await self._send(
                {
                    "type": "presence",
                    "conversation": str(self.opened.conversation),
                    "looking": event["looking"],
                    "typing": event["typing"],
                }
            )

    async def customer_typing(self, _event: dict[str, Any]) -> None:
        if self.opened is not None:
            conversation = str(self.opened.conversation)
            await self._send({"type": "conversation.typing", "conversation": conversation})

    async def agent_typing(self, _event: dict[str, Any]) -> None:
        """Meant for the customer; colleagues have it from the presence."""

    async def _group(self, change: Any, group: str) -> None:
        try:
            await change(group, self.channel_name)
        except (RedisError, OSError) as exc:
            emit("doorbell.failed", level=logging.WARNING, error=type(exc).__name__)

    async def _send(self, frame: dict[str, Any]) -> None:
        FRAMES.labels(frame["type"]).inc()
        await self.send(text_data=encode(frame))


def _holds(agent: Agent, conversation: UUID) -> bool:
    return Conversation.objects.filter(
        pk=conversation, holder=Conversation.Holder.AGENT, agent_id=agent.id
    ).exists()
