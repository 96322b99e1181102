"""What stands between a customer's socket and the services: places, limits and the key.

One door a socket. It raises SlowDown; the socket says so and stays open.
"""

import asyncio
import uuid
from contextlib import suppress
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from conversations import front_door
from conversations.front_door import SlowDown
from conversations.models import Conversation
from conversations.services.key_renewal import KeyRenewalService
from conversations.streaming.database import run_db
from portal import limits
from portal.core.cancellation import obey_cancellation

key_renewal = KeyRenewalService()


class FrameBudget:
    """How many frames of any kind a socket may send: a bucket that refills evenly."""

    def __init__(self, budget: tuple[int, float] = limits.FRAMES_OF_SOCKET) -> None:
        self.count, self.seconds = budget
        self._full_at = 0.0

    def take(self, now: float) -> None:
        """Raises SlowDown."""
        if not settings.CONFIG.limit_factor:
            return
        full_at = max(self._full_at, now) + self.seconds / self.count
        if full_at - now > self.seconds:
            raise SlowDown(full_at - now - self.seconds)
        self._full_at = full_at


class CustomerDoor:
    def __init__(self, scope: dict[str, Any], conversation: Conversation, token: str) -> None:
        self.address = str((scope.get("client") or ("", 0))[0])
        self.conversation, self.token = conversation, token
        self._offered: str | None = None
        self._member = uuid.uuid4().hex
        self._budget = FrameBudget()
        self._renewal: asyncio.Task[None] | None = None

    async def enter(self) -> None:
        """Take a place among the open sockets. Raises SlowDown where there is none."""
        if not await self._hold():
            raise SlowDown(front_door.PLACE_SECONDS / 3)
        self._renewal = asyncio.create_task(self._renew())

    async def leave(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
        await asyncio.to_thread(
            front_door.leave_places, self.conversation.pk, self.address, self._member
        )

    async def _hold(self) -> bool:
        return await asyncio.to_thread(
            front_door.hold_places, self.conversation.pk, self.address, self._member
        )

    async def _renew(self) -> None:
        while True:
            obey_cancellation()
            await asyncio.sleep(front_door.RENEW_SECONDS)
            await self._hold()

    def frame(self) -> None:
        """A frame came. Raises SlowDown."""
        self._budget.take(monotonic())

    def message(self, text: str) -> None:
        """A message came. Asks Redis: call it in a thread. Raises SlowDown."""
        front_door.check_message(self.conversation.pk, self.address, len(text.encode()))

    async def key_frame(self) -> dict[str, Any] | None:
        """The frame that hands over the next key, if there is one for this customer."""
        now = timezone.now()
        with suppress(DatabaseError):  # the old key opens as before; the next socket offers again
            await run_db(
                key_renewal.kept, conversation=self.conversation, token=self.token, now=now
            )
        self._offered = key_renewal.offer(conversation=self.conversation, token=self.token, now=now)
        if self._offered is None:
            return None
        path = f"/ws/conversations/{self.conversation.pk}/?token={self._offered}"
        return {"type": "key.renewed", "token": self._offered, "socket": path}

    async def key_kept(self) -> None:
        """The customer has put the offered key away."""
        offered, self._offered = self._offered, None
        if offered is not None:
            await run_db(
                key_renewal.kept,
                conversation=self.conversation,
                token=offered,
                now=timezone.now(),
            )
