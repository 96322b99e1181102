"""The customer's socket. It translates frames to one service call each, and never waits long.

Durable frames go out in sequence, each once: `sent_seq` moves under a lock. The text of a reply in
progress comes from the hub as "all so far"; what lies beyond what was sent is sent.
"""

import asyncio
import logging
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from redis.exceptions import RedisError

from conversations import access
from conversations.customer_door import CustomerDoor
from conversations.escalation import customer
from conversations.escalation.mailing import MailingService
from conversations.front_door import SlowDown
from conversations.models import Turn
from conversations.services import turns
from conversations.services.intake import Accepted, IntakeService
from conversations.streaming import frames, replay
from conversations.streaming.database import run_db
from conversations.streaming.doorbell import desk_group_name, group_name, notice
from conversations.streaming.hub import TurnText, hub_for_loop
from conversations.streaming.presence import presence_for_loop
from portal import limits
from portal.core.errors import ServiceError, Unavailable
from portal.core.events import emit
from portal.core.metrics import FRAMES, REFUSED, SOCKETS

CLOSE_FORBIDDEN = 4003
CLOSE_SLOW_DOWN = 4029
#: How long a fresh socket waits for the client's `resume`.
OPENING_SECONDS = 0.3

log = logging.getLogger("portal.consumer")
intake = IntakeService()
mailing = MailingService()


class ConversationConsumer(AsyncWebsocketConsumer):
    conversation_id: UUID | None = None
    sent_seq = 0
    #: Up to here everything was looked at: the frames, and the turn that was live after them.
    settled_seq = -1
    #: Counts looks and rewinds. What was read before the last of them may be out of date.
    looks = 0

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As Channels', which first goes to another thread to close connections that run_db has
        closed."""
        handler = getattr(self, get_handler_name(message), None)
        if handler is None:
            raise ValueError(f"No handler for message type {message['type']}")
        await handler(message)

    async def connect(self) -> None:
        await self.accept()
        token = parse_qs(self.scope["query_string"].decode("latin-1")).get("token", [""])[0]
        try:
            conversation = await run_db(
                access.customer_conversation,
                self.scope["url_route"]["kwargs"]["conversation_id"],
                token,
            )
            self._door = CustomerDoor(self.scope, conversation, token)
            await self._door.enter()
        except SlowDown as exc:
            await self._refuse(exc, code=CLOSE_SLOW_DOWN)
            return
        except ServiceError as exc:
            await self._refuse(exc)
            return
        except DatabaseError:
            await self._refuse(Unavailable(), code=4013)
            return
        self.conversation_id = conversation.pk
        self.sent_seq = conversation.head_seq
        self._lock = asyncio.Lock()
        self._follow: asyncio.Task[None] | None = None
        self._following: UUID | None = None
        self._open = False
        self._opener = asyncio.create_task(self._open_later())
        SOCKETS.inc()
        presence_for_loop().add(conversation.pk, self)
        await self._join()
        if key := await self._door.key_frame():
            await self._send(key)

    async def _open_later(self) -> None:
        """A client that says nothing gets what is new all the same, a moment later.

        Until its first frame nothing is sent: an event that overtakes its `resume` would come
        twice, and out of order.
        """
        await asyncio.sleep(OPENING_SECONDS)
        if not self._open:
            self._open = True
            await self.refresh()

    async def _refuse(self, exc: ServiceError, code: int = CLOSE_FORBIDDEN) -> None:
        emit("socket.refused", code=exc.code)
        await self._send({"type": "error", "code": exc.code, "detail": exc.detail, **exc.fields})
        await self.close(code=code)

    async def _join(self) -> None:
        """Listen to the doorbell. Without Redis the poll serves."""
        try:
            await self.channel_layer.group_add(group_name(self._id), self.channel_name)
        except (RedisError, OSError) as exc:
            emit("doorbell.failed", level=logging.WARNING, error=type(exc).__name__)

    async def disconnect(self, code: int) -> None:
        if self.conversation_id is None:
            return
        SOCKETS.dec()
        presence_for_loop().remove(self.conversation_id, self)
        self._opener.cancel()
        self._unfollow()
        await self._door.leave()
        try:
            await self.channel_layer.group_discard(group_name(self._id), self.channel_name)
        except (RedisError, OSError):
            return  # the group forgets the channel by itself

    @property
    def _id(self) -> UUID:
        assert self.conversation_id is not None
        return self.conversation_id

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.conversation_id is None:
            return
        self._open = True
        try:
            self._door.frame()
            await self._serve(frames.parse(text_data))
        except frames.FrameError as exc:
            await self._send_error(exc)
        except ServiceError as exc:
            await self._send_error(frames.FrameError(exc.code, exc.detail, **exc.fields))
        except (DatabaseError, RedisError):
            log.exception("a frame could not be served")
            await self._send_error(frames.FrameError(Unavailable.code, Unavailable().detail))

    async def _serve(self, frame: frames.ClientFrame) -> None:
        match frame:
            case frames.SendMessage():
                await self._post(frame)
            case frames.Resume(after=after):
                head = (await run_db(replay.heads, [self._id])).get(self._id, 0)
                async with self._lock:
                    self.sent_seq, self.settled_seq = min(after, head), -1
                    self.looks += 1
                    self._unfollow()
                await self.refresh()
            case frames.StopReply():
                await self._stop()
            case frames.RequestHuman():
                await run_db(intake.request_person, conversation_id=self._id, now=timezone.now())
                await self._announce()
            case frames.RateReply(message=message, score=score):
                await run_db(intake.rate, conversation_id=self._id, message_id=message, score=score)
                await self._send({"type": "reply.rated", "message": str(message), "score": score})
            case frames.KeepKey():
                await self._door.key_kept()
            case frames.Seen(seq=seq):
                await run_db(mailing.seen, conversation_id=self._id, seq=seq)
            case frames.Ping():
                await self._send({"type": "pong", "head": self.sent_seq})
            case frames.Typing():
                await self._ring(desk_group_name(self._id), {"type": "customer.typing"})
            case _:
                answer = await run_db(customer.serve, self._id, frame, timezone.now())
                await self._announce()
                await self._send(answer)

    async def _post(self, frame: frames.SendMessage) -> None:
        client_id, looks = str(frame.client_id), self.looks
        try:
            accepted, news = await run_db(self._take, frame, self.sent_seq)
        except ServiceError as exc:
            raise frames.FrameError(exc.code, exc.detail, client_id, **exc.fields) from exc
        except DatabaseError as exc:
            raise frames.FrameError(Unavailable.code, Unavailable().detail, client_id) from exc
        if accepted.duplicate and accepted.seq <= self.sent_seq:
            for known in await run_db(replay.events_after, self._id, accepted.seq - 1):
                await self._send(known)  # say again that it is accepted: the first may be lost
                break
            return
        async with self._lock:
            is_new = self.looks == looks
            if is_new:
                await self._show(news)
        if not (is_new and news.is_whole):
            await self.refresh()
        await self._ring(group_name(self._id), notice(accepted.turn_id, accepted.seq))

    def _take(self, frame: frames.SendMessage, after: int) -> tuple[Accepted, replay.News]:
        """Accept a message, and read what is new, in one go to another thread."""
        self._door.message(frame.text)
        accepted = intake.post_message(
            conversation_id=self._id,
            client_id=frame.client_id,
            text=frame.text,
            now=timezone.now(),
        )
        if accepted.turn and accepted.head == accepted.seq == after + 1:
            return accepted, replay.news_of_message(accepted.message, accepted.turn)
        return accepted, replay.news(self._id, after)

    async def _announce(self) -> None:
        """Show what was written here, then ring for the other sockets."""
        await self.refresh()
        await self._ring(group_name(self._id), notice())

    async def _ring(self, group: str, message: dict[str, Any]) -> None:
        try:
            await self.channel_layer.group_send(group, message)
        except (RedisError, OSError) as exc:
            emit("doorbell.failed", level=logging.WARNING, error=type(exc).__name__)

    async def _stop(self) -> None:
        turn_id = await run_db(turns.request_stop, conversation_id=self._id)
        if turn_id is not None:
            await hub_for_loop(settings.REDIS_URL).request_stop(turn_id, limits.STREAM_TTL)

    async def conversation_changed(self, event: dict[str, Any]) -> None:
        """The doorbell rang."""
        await self.refresh(event.get("head", 0))

    async def agent_typing(self, event: dict[str, Any]) -> None:
        await self._send({"type": "agent.typing", "name": event["name"]})

    async def refresh(self, head: int = 0) -> None:
        """Send every durable frame that was not sent yet, and follow the reply in progress.

        `head`: the number of the event that is told of, if it is known; what was looked at since
        is not looked at again.
        """
        if not self._open:
            return
        async with self._lock:
            if head and self.settled_seq >= head:
                return
            while True:
                news = await run_db(replay.news, self._id, self.sent_seq)
                await self._show(news)
                if news.is_whole:
                    return

    async def _show(self, news: replay.News) -> None:
        """Send what was read since the last look, under the lock; at its end attend to the turn."""
        for frame in news.frames:
            await self._send(frame)
            self.sent_seq = frame["seq"]
        self.looks += 1
        if news.is_whole:
            self._attend(news.turn)
            self.settled_seq = self.sent_seq

    def _attend(self, turn: Turn | None) -> None:
        """Follow the text of this turn, and of no other."""
        if turn is None:
            self._unfollow()
        elif turn.pk != self._following:
            self._unfollow()
            self._following = turn.pk
            self._follow = asyncio.create_task(self._follow_turn(turn))

    def _unfollow(self) -> None:
        task, self._follow, self._following = self._follow, None, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    async def _follow_turn(self, turn: Turn) -> None:
        sent, stage = 0, ""
        message = str(turn.message_id)
        async for text in hub_for_loop(settings.REDIS_URL).follow(turn.pk):
            async with self._lock:
                if self._following != turn.pk:
                    return
                if not stage:
                    await self._send({"type": "reply.started", "message": message})
                stage, sent = await self._send_progress(message, text, stage or "started", sent)
        await self.refresh(text.ended or 0)

    async def _send_progress(
        self, message: str, turn: TurnText, stage: str, sent: int
    ) -> tuple[str, int]:
        if turn.stage and turn.stage != stage and not turn.text:
            stage = turn.stage
            await self._send({"type": "reply.progress", "message": message, "stage": stage})
        if len(turn.text) > sent:
            await self._send(
                {
                    "type": "reply.delta",
                    "message": message,
                    "offset": sent,
                    "text": turn.text[sent:],
                }
            )
            sent = len(turn.text)
        return stage, sent

    async def _send(self, frame: dict[str, Any]) -> None:
        FRAMES.labels(frame["type"]).inc()
        await self.send(text_data=frames.encode(frame))

    async def _send_error(self, error: frames.FrameError) -> None:
        REFUSED.labels(error.code).inc()
        await self._send(error.frame())
