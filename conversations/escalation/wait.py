"""How long a customer will wait, told honestly: from what happened lately, or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from conversations.escalation.sla import Calendar, Schedule
from conversations.models import AgentProfile, Escalation
from portal import limits
from portal.core.prepared import prepared_cursor

#: Fewer handled escalations than this say nothing.
MIN_SAMPLES = 3
SAMPLES = 50
RECENT = timedelta(days=7)


@dataclass(frozen=True)
class Outlook:
    """What a waiting customer is told. `expected_wait` in seconds; None: not known."""

    position: int
    expected_wait: int | None
    open: bool
    opens_at: datetime | None
    agents_online: int
    answer_by: datetime | None

    @property
    def ask_email(self) -> bool:
        """Whether nobody is there to answer now."""
        return not self.open or self.agents_online == 0


def expected_wait(waits: Sequence[float]) -> int | None:
    """The median of recent waits, rounded up to a minute; None where there are too few."""
    if len(waits) < MIN_SAMPLES:
        return None
    return max(60, -(-round(median(waits)) // 60) * 60)


_WAITS = """
SELECT opened_at, first_claimed_at FROM conversations_escalation
 WHERE first_claimed_at >= %s ORDER BY first_claimed_at DESC LIMIT %s
"""


def recent_waits(now: datetime, calendar: Calendar) -> list[float]:
    """Opening time until the first claim, of the last escalations that were claimed."""
    with prepared_cursor() as cursor:
        cursor.execute(_WAITS, [now - RECENT, SAMPLES])
        return [calendar.between(opened, claimed) for opened, claimed in cursor.fetchall()]


_AHEAD = """
SELECT count(*) FROM conversations_escalation
 WHERE state = 'waiting' AND (priority > %s OR (priority = %s AND opened_at < %s))
"""


def position(escalation: Escalation) -> int:
    """Place in the queue, from 1."""
    with prepared_cursor() as cursor:
        cursor.execute(_AHEAD, [escalation.priority, escalation.priority, escalation.opened_at])
        (ahead,) = cursor.fetchone()
    return int(ahead) + 1


def outlook(escalation: Escalation, *, schedule: Schedule, now: datetime) -> Outlook:
    calendar = schedule.calendar
    opened = calendar.is_open(now)
    online = AgentProfile.objects.online(now=now, seconds=limits.AGENT_SEEN).count()
    wait = expected_wait(recent_waits(now, calendar)) if opened and online else None
    answer_by = None
    if not opened or not online:
        promise = schedule.promise(escalation.priority)
        answer_by = calendar.add(now, promise.first_response)
    return Outlook(
        position=position(escalation),
        expected_wait=wait,
        open=opened,
        opens_at=None if opened else calendar.opens_at(now),
        agents_online=online,
        answer_by=answer_by,
    )
