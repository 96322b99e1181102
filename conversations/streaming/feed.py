"""What one listener of a conversation gets, as an endless row of frames with positions.

Durable frames come in sequence, each once; the text of the reply in progress comes as pieces by
offset. A position names both, so that a listener who was cut anywhere goes on right there: the
pieces of a reply, over all cuts, are its text exactly once. The same hub, replay and doorbell as
the socket's; nothing here holds a thread.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID
from weakref import WeakSet

from channels.layers import get_channel_layer
from django.db import DatabaseError
from redis.exceptions import RedisError

from conversations.models import Turn
from conversations.services import turns
from conversations.streaming import replay
from conversations.streaming.database import run_db
from conversations.streaming.doorbell import group_name
from conversations.streaming.hub import StreamHub, TurnText
from conversations.streaming.presence import presence_for_loop
from portal import limits
from portal.core.cancellation import obey_cancellation
from portal.core.errors import InvalidInput
from portal.core.events import emit

Frame = dict[str, Any]
_POSITION = re.compile(r"(\d{1,9})(?:\.([0-9a-f-]{36})\.(\d{1,9}))?", re.ASCII)
_RETRY_SECONDS = 1.0


class BadPosition(InvalidInput):
    """This Last-Event-ID is not one of ours. Leave it out to begin at the beginning."""

    code = "bad_position"


@dataclass(frozen=True)
class Position:
    """All durable frames up to `seq` were seen, and so many code points of `message`'s text."""

    seq: int = 0
    message: UUID | None = None
    offset: int = 0

    def __str__(self) -> str:
        return f"{self.seq}.{self.message}.{self.offset}" if self.message else str(self.seq)

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Raises BadPosition."""
        match = _POSITION.fullmatch(text)
        if match is None:
            raise BadPosition
        seq, message, offset = match.groups()
        try:
            return cls(int(seq), UUID(message) if message else None, int(offset or 0))
        except ValueError:
            raise BadPosition from None


@dataclass(frozen=True)
class Event:
    """A frame and the position after it."""

    frame: Frame
    position: Position


_OPEN: "WeakSet[Feed]" = WeakSet()


class Feed:
    """One listener. `events` ends after `seconds`, when `end` is called, or when it is closed."""

    def __init__(
        self, conversation_id: UUID, hub: StreamHub, *, at: Position, seconds: float
    ) -> None:
        self._id, self._hub, self._at, self._seconds = conversation_id, hub, at, seconds
        self._changed = asyncio.Event()
        self._look = True
        self._over = False
        self._turn: Turn | None = None
        self._text: TurnText | None = None
        self._stage = ""
        self._ended = ""  # the reply that was over last
        self._follow: asyncio.Task[None] | None = None

    @property
    def sent_seq(self) -> int:
        """What the poll of the open listeners compares with the database."""
        return self._at.seq

    async def refresh(self) -> None:
        """Somebody says that there is something new."""
        self._look = True
        self._changed.set()

    def end(self) -> None:
        """Finish what is being sent and stop; the listener comes back with its position."""
        self._over = True
        self._changed.set()

    async def events(self) -> AsyncGenerator[Event | None, None]:
        """Events as they happen; None where nothing happened for a heartbeat's time. Close it."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._seconds
        presence_for_loop().add(self._id, self)
        _OPEN.add(self)
        bell = asyncio.create_task(self._hear_doorbell())
        try:
            while True:
                self._changed.clear()
                async for event in self._news():
                    yield event
                left = ends - loop.time()
                if self._over or left <= 0:
                    return
                if not await self._wait(min(left, limits.EVENTS_HEARTBEAT)) and left > 1:
                    yield None
        finally:
            _OPEN.discard(self)
            presence_for_loop().remove(self._id, self)
            bell.cancel()
            self._unfollow()

    async def _wait(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def _news(self) -> AsyncIterator[Event]:
        """What is new since the last look: the record first, then the words of the reply."""
        if self._look:
            self._look = False
            try:
                # First the turn: if it is a new one, the last one's end is in what is read next.
                turn = await run_db(turns.live, self._id)
                async for event in self._durable():
                    yield event
                self._attend(turn)
            except DatabaseError as exc:  # the poll or the next notice looks again
                emit("stream.reader.lost", level=logging.WARNING, error=type(exc).__name__)
        for event in self._progress():
            yield event

    async def _durable(self) -> AsyncIterator[Event]:
        while page := await run_db(replay.events_after, self._id, self._at.seq):
            for frame in page:
                for piece in self._rest_of(frame):
                    yield piece
                self._at = replace(self._at, seq=frame["seq"])
                if frame["type"] in ("reply.done", "reply.withdrawn"):
                    self._note_end(frame)
                yield Event(frame, self._at)
            if len(page) < limits.EVENTS_PAGE:
                return

    def _rest_of(self, frame: Frame) -> list[Event]:
        """What a listener who has the beginning of a finished reply still lacks of its text."""
        message = frame.get("message", {})
        if frame["type"] != "reply.done" or message["id"] != str(self._at.message):
            return []
        return self._piece(message["text"])

    def _note_end(self, frame: Frame) -> None:
        """A reply is over: whatever its stream still says was said."""
        self._ended = str(frame.get("message_id") or frame.get("message", {}).get("id"))
        if self._turn is not None and str(self._turn.message_id) == self._ended:
            self._unfollow()
        if self._ended == str(self._at.message):
            self._at = Position(self._at.seq)

    def _piece(self, text: str) -> list[Event]:
        """The text beyond what was sent of the reply at hand, as one event or none."""
        if len(text) <= self._at.offset:
            return []
        start = self._at.offset
        self._at = replace(self._at, offset=len(text))
        frame = {
            "type": "reply.delta",
            "message": str(self._at.message),
            "offset": start,
            "text": text[start:],
        }
        return [Event(frame, self._at)]

    def _attend(self, turn: Turn | None) -> None:
        """Follow this turn's text, and no other's."""
        if turn is None or str(turn.message_id) == self._ended:
            self._unfollow()
        elif self._turn is None or turn.pk != self._turn.pk:
            self._unfollow()
            self._turn, self._text, self._stage = turn, None, ""
            self._follow = asyncio.create_task(self._follow_turn(turn))

    def _unfollow(self) -> None:
        task, self._follow, self._turn = self._follow, None, None
        if task is not None:
            task.cancel()

    async def _follow_turn(self, turn: Turn) -> None:
        async for text in self._hub.follow(turn.pk):
            if self._turn is turn:
                self._text = text
                self._changed.set()
        await self.refresh()  # it ended: its reply is in the record

    def _progress(self) -> list[Event]:
        turn, text = self._turn, self._text
        if turn is None or text is None:
            return []
        found: list[Event] = []
        message = str(turn.message_id)
        if not self._stage:
            self._stage = "started"
            if turn.message_id != self._at.message:
                self._at = Position(self._at.seq, turn.message_id, 0)
                found.append(Event({"type": "reply.started", "message": message}, self._at))
        if text.stage and text.stage != self._stage and not text.text:
            self._stage = text.stage
            frame = {"type": "reply.progress", "message": message, "stage": text.stage}
            found.append(Event(frame, self._at))
        return [*found, *self._piece(text.text)]

    async def _hear_doorbell(self) -> None:
        """Wait for the bell; without Redis the poll of the open listeners serves."""
        layer: Any = get_channel_layer()
        while True:
            obey_cancellation()
            channel = ""
            try:
                channel = await layer.new_channel()
                await layer.group_add(group_name(self._id), channel)
                await self.refresh()  # what came before the bell was heard
                while True:
                    obey_cancellation()  # the layer and Redis were asked since: either may forget
                    message = await layer.receive(channel)
                    if message["type"] == "conversation.changed":
                        await self.refresh()
            except (RedisError, OSError) as exc:
                emit("doorbell.failed", level=logging.WARNING, error=type(exc).__name__)
                await asyncio.sleep(_RETRY_SECONDS)
            finally:
                with suppress(RedisError, OSError):
                    await layer.group_discard(group_name(self._id), channel)


def end_feeds() -> None:
    """End every feed of this process, as before it stops."""
    for feed in list(_OPEN):
        feed.end()
