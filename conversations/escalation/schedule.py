"""Reads the opening hours, holidays and promised times that the operator has set."""

from collections import defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from conversations.escalation.sla import (
    DEFAULT_PROMISES,
    MINUTE,
    Calendar,
    Promise,
    Schedule,
    Span,
    merge,
)
from conversations.models import Holiday, OpeningHours, SlaPolicy
from portal.core.table import Table

_HOURS, _HOLIDAYS, _POLICIES = Table(OpeningHours), Table(Holiday), Table(SlaPolicy)


def load_schedule(now: datetime) -> Schedule:
    """Three small queries, always; holidays of the past do not matter any more."""
    hours: dict[int, list[Span]] = defaultdict(list)
    for row in _HOURS.read("true ORDER BY weekday, opens"):
        hours[row.weekday].append((row.opens, row.closes))
    recent = now.date() - timedelta(days=60)
    calendar = Calendar(
        zone=ZoneInfo(settings.CONFIG.desk_timezone),
        hours={weekday: merge(spans) for weekday, spans in hours.items()},
        holidays=frozenset(row.date for row in _HOLIDAYS.read("date >= %s", [recent])),
    )
    promises = {
        row.priority: Promise(
            row.first_response * MINUTE, row.next_response * MINUTE, row.resolution * MINUTE
        )
        for row in _POLICIES.read("true")
    }
    return Schedule(calendar, {**DEFAULT_PROMISES, **promises})
