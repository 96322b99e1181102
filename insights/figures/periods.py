"""Spans of time in the portal's own time zone. Pure.

A period is half open: from the first moment of a day to the first moment of another, as a person
on the spot would say it, so that days of 23 and 25 hours are whole days.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Period:
    """The days from `start` up to, not including, `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("a period needs at least one day")

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The two moments, in UTC."""
        return moment(self.start, zone), moment(self.end, zone)

    def before(self) -> "Period":
        """The period that it is fairly compared with: the one just before, aligned.

        Whole months, quarters and years step by themselves. A week, or part of one that began on
        a Monday, steps by seven days, so that weekdays meet weekdays.
        """
        if months := _whole_months(self):
            return Period(add_months(self.start, -months), self.start)
        if self.start.day == 1 and self.days <= 31 and self.last.month == self.start.month:
            start = add_months(self.start, -1)
            return Period(start, min(start + timedelta(days=self.days), self.start))
        if self.start.weekday() == 0 and self.days < 7:
            return self.shifted(-7)
        return self.shifted(-self.days)

    def year_before(self) -> "Period":
        return Period(add_months(self.start, -12), add_months(self.end, -12))

    def shifted(self, days: int) -> "Period":
        return Period(self.start + timedelta(days=days), self.end + timedelta(days=days))


def moment(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day, in UTC. Where midnight is skipped, the first one after it."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def local_date(now: datetime, zone: ZoneInfo) -> date:
    return now.astimezone(zone).date()


def last_days(now: datetime, zone: ZoneInfo, days: int) -> Period:
    """The last whole days; today is not over and stays out."""
    today = local_date(now, zone)
    return Period(today - timedelta(days=days), today)


def add_months(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def on_whole_hours(period: Period, zone: ZoneInfo) -> bool:
    """Whether the zone's offset is whole hours throughout, so that hourly sums fit its days."""
    probe, end = period.bounds(zone)
    step = timedelta(days=7)
    while probe <= end + step:
        offset = probe.astimezone(zone).utcoffset() or timedelta()
        if offset.total_seconds() % 3600:
            return False
        probe += step
    return True


def _whole_months(period: Period) -> int:
    if period.start.day != 1 or period.end.day != 1:
        return 0
    years = period.end.year - period.start.year
    return years * 12 + period.end.month - period.start.month
