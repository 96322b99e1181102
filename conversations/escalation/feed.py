"""The desk's event stream: the log read once a process and handed to every open desk.

The doorbell only says that there is something new; without it a poll finds it. Ids may commit out
of order, so each reading looks back a little and hands out what it has not handed out before.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from conversations.access import Agent
from conversations.escalation import people
from conversations.escalation.details import note_payload
from conversations.escalation.queue import cursor
from conversations.escalation.rows import Viewer, row, with_preview
from conversations.escalation.schedule import load_schedule
from conversations.models import AuditEntry, Escalation, Note
from conversations.streaming.database import run_db
from conversations.streaming.frames import encode
from portal.core.cancellation import obey_cancellation

log = logging.getLogger("portal.desk")

POLL_SECONDS = 3.0
#: A transaction that took its id early may commit this much later.
LOOK_BACK = timedelta(seconds=30)
PAGE = 200
REPLAYED = 500
_INTERNAL = ("turn.flagged",)


@dataclass(frozen=True)
class DeskEvent:
    """An event as it is sent, and who may see it. `gone` is for those who see it no more."""

    id: int
    text: str
    gone: str
    open_to_all: bool
    team: int | None
    agent: int | None

    def visible_to(self, agent: Agent) -> bool:
        return (
            self.open_to_all
            or agent.may("see_all_teams")
            or self.team in agent.teams
            or self.agent == agent.id
        )


def read_events(after: int, seen: frozenset[int], now: datetime, limit: int) -> list[DeskEvent]:
    """Events after a cursor, and late ones from before it that were not seen yet."""
    late = Q(id__gt=after - PAGE, at__gte=now - LOOK_BACK) & ~Q(id__in=seen)
    entries = list(
        AuditEntry.objects.filter(Q(id__gt=after) | late)
        .exclude(action__in=_INTERNAL)
        .select_related("actor__agent_profile")
        .order_by("id")[:limit]
    )
    return events_of(entries, now)


def events_of(entries: Iterable[AuditEntry], now: datetime) -> list[DeskEvent]:
    """The frames of log entries, with the rows as they are now; a constant number of queries."""
    entries = list(entries)
    wanted = {entry.escalation_id for entry in entries if entry.escalation_id}
    escalations = {
        item.pk: item for item in with_preview(Escalation.objects.filter(pk__in=wanted), None)
    }
    noted = [entry.details["note"] for entry in entries if entry.action == "note.added"]
    notes = {
        note.pk: note_payload(note)
        for note in Note.objects.filter(pk__in=noted)
        .select_related("author__agent_profile")
        .prefetch_related("mentions__agent_profile")
    }
    viewer = Viewer(None, load_schedule(now), now) if entries else None
    events: list[DeskEvent] = []
    for entry in entries:
        escalation = escalations.get(entry.escalation_id) if entry.escalation_id else None
        details = dict(entry.details)
        if entry.action == "note.added":
            details["note"] = notes.get(details["note"])
        shown = row(escalation, viewer) if escalation and viewer else None
        if shown is not None:
            shown["followed"] = None  # a matter of each viewer
        frame: dict[str, Any] = {
            "type": "desk.event",
            "id": entry.pk,
            "event": entry.action,
            "at": entry.at.isoformat(),
            "conversation": str(entry.conversation_id) if entry.conversation_id else None,
            "actor": people.person(entry.actor),
            "row": shown,
            "details": details,
        }
        events.append(
            DeskEvent(
                id=entry.pk,
                text=encode(frame),
                gone=_gone(entry) if entry.action == "escalation.transferred" else "",
                open_to_all=escalation is None or escalation.team_id is None,
                team=escalation.team_id if escalation else None,
                agent=escalation.agent_id if escalation else None,
            )
        )
    return events


def _gone(entry: AuditEntry) -> str:
    """Tells the team that had it to take it off their lists; nothing of it is in there."""
    return encode(
        {
            "type": "desk.event",
            "id": entry.pk,
            "event": "escalation.gone",
            "at": entry.at.isoformat(),
            "conversation": str(entry.conversation_id),
            "actor": None,
            "row": None,
            "details": {},
        }
    )


class Desk(Protocol):
    async def deliver(self, event: DeskEvent) -> None: ...

    async def turn_away(self) -> None:
        """Close it, to be opened again a little later."""
        ...


def position_in_log() -> tuple[int, list[int]]:
    """The cursor, and the ids before it that are in the log already."""
    newest = cursor()
    known = AuditEntry.objects.filter(id__gt=newest - PAGE, id__lte=newest)
    return newest, list(known.values_list("id", flat=True))


class DeskFeed:
    """The open desks of one event loop."""

    def __init__(self) -> None:
        self._desks: set[Desk] = set()
        self._seen: deque[int] = deque(maxlen=PAGE * 2)
        self._cursor = 0
        self._reading = False
        self._rung: set[int] = set()
        self._task: asyncio.Task[None] | None = None

    async def add(self, desk: Desk) -> int:
        """Hand events to a desk from now on. Returns the cursor that it starts from."""
        newest, known = await run_db(position_in_log)
        if not self._desks:
            self._cursor = max(self._cursor, newest)
            self._seen.extend(known)
        self._desks.add(desk)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        return min(newest, self._cursor)

    def remove(self, desk: Desk) -> None:
        self._desks.discard(desk)

    async def rung(self, entry: int) -> None:
        """Read and hand out what is new. Every desk hears the same ring; one reading serves all."""
        if entry in self._seen:
            return
        self._rung.add(entry)
        await self._catch_up()

    async def _catch_up(self) -> None:
        """Read until nothing is left; rings during a reading become at most one more."""
        if self._reading:
            return
        self._reading = True
        try:
            while await self._read() or self._rung:
                pass
        finally:
            self._reading = False

    async def _read(self) -> bool:
        """Hand out one page. Whether there may be more. What rang before it was committed before
        it, so it is in there, or it is nothing for the desks."""
        rung = set(self._rung)
        seen = frozenset(self._seen)
        events = await run_db(read_events, self._cursor, seen, timezone.now(), PAGE)
        for event in events:
            for desk in tuple(self._desks):
                await self._hand(desk, event)
            self._seen.append(event.id)
            self._cursor = max(self._cursor, event.id)
        if len(events) == PAGE:
            return True
        self._seen.extend(rung - set(self._seen))
        self._rung.difference_update(self._seen)
        return False

    async def _hand(self, desk: Desk, event: DeskEvent) -> None:
        """Hand an event to one desk. One that cannot take it keeps it from no other; it is turned
        away, so that its page comes back and reads what it has missed."""
        try:
            await desk.deliver(event)
        except Exception:
            obey_cancellation()
            log.exception("a desk could not be given an event and is turned away")
            self._desks.discard(desk)
            with suppress(Exception):
                await desk.turn_away()

    async def _poll(self) -> None:
        while self._desks:
            obey_cancellation()
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self._catch_up()
            except DatabaseError as exc:
                log.warning("the desk's log could not be read: %s", type(exc).__name__)


_FEEDS: dict[asyncio.AbstractEventLoop, DeskFeed] = {}


def feed_for_loop() -> DeskFeed:
    loop = asyncio.get_running_loop()
    for dead in [known for known in _FEEDS if known.is_closed()]:
        del _FEEDS[dead]
    return _FEEDS.setdefault(loop, DeskFeed())
