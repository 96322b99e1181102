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


def load_schedule(now: datetime) -> Schedule:
    """Three small queries, always; holidays of the past do not matter any more."""
    hours: dict[int, list[Span]] = defaultdict(list)
    for weekday, opens, closes in OpeningHours.objects.values_list("weekday", "opens", "closes"):
        hours[weekday].append((opens, closes))
    recent = now.date() - timedelta(days=60)
    calendar = Calendar(
        zone=ZoneInfo(settings.CONFIG.desk_timezone),
        hours={weekday: merge(spans) for weekday, spans in hours.items()},
        holidays=frozenset(Holiday.objects.filter(date__gte=recent).values_list("date", flat=True)),
    )
    policies = SlaPolicy.objects.values_list(
        "priority", "first_response", "next_response", "resolution"
    )
    promises = {
        priority: Promise(first * MINUTE, following * MINUTE, resolution * MINUTE)
        for priority, first, following, resolution in policies
    }
    return Schedule(calendar, {**DEFAULT_PROMISES, **promises})
