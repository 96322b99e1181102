"""ErrorLimitService: how often an answer may be wrong, set while the portal runs.

Every process that decides reads the limit again after REREAD seconds, so a change holds everywhere
within that time, without a restart. Where the database is away the last one read goes on holding.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction

from conversations.models import ErrorLimit
from portal.core.errors import InvalidInput, ServiceError
from portal.core.service import BaseService

REREAD = 2.0
LOWEST, HIGHEST = 0.001, 0.5


class ChangedMeanwhile(ServiceError):
    """Somebody else changed the limit just now. Look at it again, then decide."""

    code = "changed_meanwhile"


class NothingToUndo(InvalidInput):
    """There is no change to take back."""

    code = "nothing_to_undo"


class OutOfRange(InvalidInput):
    """Choose a share between 0.1 and 50 in a hundred."""

    code = "out_of_range"


@dataclass(frozen=True)
class Change:
    """One change as it is listed, and what held before it."""

    id: int
    max_error: float | None
    before: float | None
    is_undo: bool
    actor: str
    at: datetime


def latest() -> ErrorLimit | None:
    return ErrorLimit.objects.order_by("-id").first()


def changes(most: int = 10) -> list[Change]:
    """The last changes, the newest first."""
    rows = ErrorLimit.objects.select_related("actor", "follows")[:most]
    return [
        Change(
            row.pk, row.max_error, row.follows.max_error if row.follows else None, row.is_undo,
            row.actor.get_username(), row.at,
        )
        for row in rows
    ]  # fmt: skip


class ErrorLimitService(BaseService):
    name = "error_limit"

    def set(self, *, actor: Any, max_error: float, seen: int | None, now: datetime) -> ErrorLimit:
        """Let at most this share of answers be wrong from now on.

        `seen` is the id of the change that the person saw as the newest. Raises OutOfRange,
        ChangedMeanwhile.
        """
        if not LOWEST <= max_error <= HIGHEST:
            raise OutOfRange
        with self.operation("set", limit=max_error, actor=actor.pk):
            return self._add(actor, max_error, seen, now, is_undo=False)

    def undo(self, *, actor: Any, seen: int, now: datetime) -> ErrorLimit:
        """Let hold again what held before the newest change. Raises NothingToUndo, too."""
        with self.operation("undo", actor=actor.pk):
            newest = ErrorLimit.objects.select_related("follows").filter(pk=seen).first()
            if newest is None:
                raise NothingToUndo
            before = newest.follows.max_error if newest.follows else None
            return self._add(actor, before, seen, now, is_undo=True)

    def _add(
        self, actor: Any, max_error: float | None, seen: int | None, now: datetime, *, is_undo: bool
    ) -> ErrorLimit:
        try:
            with transaction.atomic():
                row = ErrorLimit.objects.create(
                    max_error=max_error, follows_id=seen, is_undo=is_undo, actor=actor, at=now
                )
        except IntegrityError:
            raise ChangedMeanwhile from None
        return row


class LiveLimit:
    """The limit that holds now: the newest change, or the setting where nobody made one."""

    def __init__(self, setting: float, clock: Callable[[], float] = monotonic) -> None:
        self.setting, self.clock = setting, clock
        self._value, self._until = setting, float("-inf")

    def __call__(self) -> float:
        if self.clock() >= self._until:
            self._until = self.clock() + REREAD
            try:
                newest = latest()
            except DatabaseError:
                return self._value
            chosen = newest.max_error if newest else None
            self._value = self.setting if chosen is None else chosen
        return self._value
