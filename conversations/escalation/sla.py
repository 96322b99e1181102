"""Opening time and promises, as arithmetic. Pure.

A calendar counts opening time only: a promise of an hour made five minutes before closing is due
fifty-five minutes after the next opening. A calendar without hours never closes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

#: A calendar that is closed for longer than this is taken as one that never closes.
HORIZON_DAYS = 400

Span = tuple[time, time]
ClockState = Literal["running", "met", "breached", "paused"]


@dataclass(frozen=True)
class Calendar:
    """`hours` by weekday from Monday = 0; each day's spans are sorted and do not overlap."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    hours: Mapping[int, tuple[Span, ...]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()

    @property
    def never_closes(self) -> bool:
        return not any(self.hours.values())

    def spans(
        self, start: datetime, days: int = HORIZON_DAYS
    ) -> Iterator[tuple[datetime, datetime]]:
        """Stretches of opening time from `start` on, in UTC, the present one cut at `start`."""
        first = start.astimezone(self.zone).date()
        for offset in range(-1, days):
            day = first + timedelta(days=offset)
            if day in self.holidays:
                continue
            for opens, closes in self.hours.get(day.weekday(), ()):
                begin = datetime.combine(day, opens, self.zone).astimezone(UTC)
                end = datetime.combine(day, closes, self.zone).astimezone(UTC)
                if end > start and end > begin:
                    yield max(begin, start.astimezone(UTC)), end

    def is_open(self, moment: datetime) -> bool:
        if self.never_closes:
            return True
        return next((begin <= moment for begin, _ in self.spans(moment)), False)

    def opens_at(self, moment: datetime) -> datetime:
        """The first moment from `moment` on at which the desk is open."""
        if self.never_closes:
            return moment
        return next((begin for begin, _ in self.spans(moment)), moment)

    def changes_at(self, moment: datetime) -> datetime | None:
        """When the desk next closes, or opens if it is closed now."""
        if self.never_closes:
            return None
        begin, end = next(self.spans(moment), (None, None))
        return end if begin is not None and begin <= moment else begin

    def add(self, start: datetime, seconds: float) -> datetime:
        """The moment at which `seconds` of opening time have passed since `start`."""
        left = timedelta(seconds=seconds)
        if self.never_closes:
            return start + left
        for begin, end in self.spans(start):
            if end - begin >= left:
                return begin + left
            left -= end - begin
        return start + timedelta(seconds=seconds)

    def between(self, start: datetime, end: datetime) -> float:
        """Seconds of opening time from `start` to `end`; negative when `end` came first."""
        if end < start:
            return -self.between(end, start)
        if self.never_closes:
            return (end - start).total_seconds()
        total = 0.0
        for begin, finish in self.spans(start, (end - start).days + 3):
            if begin >= end:
                break
            total += (min(finish, end) - begin).total_seconds()
        return total


@dataclass(frozen=True)
class Promise:
    """Seconds of opening time for one priority."""

    first_response: int
    next_response: int
    resolution: int


MINUTE, HOUR = 60, 3600
DEFAULT_PROMISES: Mapping[int, Promise] = {
    5: Promise(5 * MINUTE, 10 * MINUTE, 4 * HOUR),
    4: Promise(15 * MINUTE, 20 * MINUTE, 8 * HOUR),
    3: Promise(30 * MINUTE, 30 * MINUTE, 16 * HOUR),
    2: Promise(HOUR, HOUR, 24 * HOUR),
    1: Promise(4 * HOUR, 4 * HOUR, 48 * HOUR),
}


@dataclass(frozen=True)
class Schedule:
    """The calendar and the promises that hold now."""

    calendar: Calendar = field(default_factory=Calendar)
    promises: Mapping[int, Promise] = field(default_factory=lambda: DEFAULT_PROMISES)

    def promise(self, priority: int) -> Promise:
        return self.promises.get(priority) or DEFAULT_PROMISES[min(5, max(1, priority))]


@dataclass(frozen=True)
class Clock:
    """One promise on one escalation, as it stands now."""

    due: datetime
    state: ClockState
    seconds_left: int
    ticking: bool


def clock(
    *,
    due: datetime | None,
    met_at: datetime | None,
    broken: bool,
    paused: bool,
    calendar: Calendar,
    now: datetime,
) -> Clock | None:
    """None: nothing is promised. A promise that was broken stays broken, also once it is met."""
    if due is None:
        return None
    end = met_at or now
    if broken or end > due:
        state: ClockState = "breached"
    elif met_at is not None:
        state = "met"
    else:
        state = "paused" if paused else "running"
    ticking = met_at is None and not paused and calendar.is_open(now)
    return Clock(due, state, round(calendar.between(end, due)), ticking)


def merge(spans: list[Span]) -> tuple[Span, ...]:
    """Sorted, with overlapping and touching stretches joined."""
    merged: list[Span] = []
    for opens, closes in sorted(spans):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes))
        else:
            merged.append((opens, closes))
    return tuple(merged)
