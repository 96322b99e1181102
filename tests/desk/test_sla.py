"""Opening time and promises: the arithmetic holds for any hours, holidays and zones."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from conversations.escalation.sla import Calendar, Clock, Schedule, clock, merge
from conversations.escalation.wait import expected_wait

settings.register_profile("desk", deadline=None, max_examples=60)
settings.load_profile("desk")
ZONES = ["UTC", "Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
moments = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
seconds = st.integers(0, 14 * 24 * 3600)
clock_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    hours: dict[int, list[tuple[time, time]]] = {}
    for weekday in draw(st.sets(st.integers(0, 6), min_size=1)):
        for _ in range(draw(st.integers(1, 2))):
            opens, closes = sorted((draw(clock_times), draw(clock_times)))
            if opens < closes:
                hours.setdefault(weekday, []).append((opens, closes))
    return Calendar(
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        hours={day: merge(spans) for day, spans in hours.items()},
        holidays=frozenset(
            draw(st.sets(st.dates(date(2025, 1, 1), date(2026, 12, 31)), max_size=10))
        ),
    )


def within_reach(calendar: Calendar, span: int) -> bool:
    """Whether so much opening time passes before the calendar's horizon."""
    day = date(2025, 1, 1)
    weekly = sum(
        (datetime.combine(day, closes) - datetime.combine(day, opens)).total_seconds()
        for spans in calendar.hours.values()
        for opens, closes in spans
    )
    return weekly == 0 or weekly * 40 > span


@given(calendars(), moments, seconds)
def test_what_was_added_is_what_lies_between(
    calendar: Calendar, start: datetime, span: int
) -> None:
    assume(within_reach(calendar, span))
    assert abs(calendar.between(start, calendar.add(start, span)) - span) < 1e-6


@given(calendars(), moments, seconds, seconds)
def test_adding_in_two_steps_is_adding_at_once(
    calendar: Calendar, start: datetime, first: int, second: int
) -> None:
    assume(within_reach(calendar, first + second))
    twice = calendar.add(calendar.add(start, first), second)
    assert calendar.between(start, twice) == calendar.between(
        start, calendar.add(start, first + second)
    )


@given(calendars(), moments, moments, moments)
def test_opening_time_adds_up_and_never_exceeds_real_time(
    calendar: Calendar, a: datetime, b: datetime, c: datetime
) -> None:
    a, b, c = sorted((a, b, c))
    whole = calendar.between(a, c)
    assert abs(calendar.between(a, b) + calendar.between(b, c) - whole) < 1e-6
    assert 0 <= whole <= (c - a).total_seconds() + 1e-6
    assert calendar.between(c, a) == -whole


@given(calendars(), moments)
def test_the_desk_is_open_from_the_moment_it_opens(calendar: Calendar, now: datetime) -> None:
    opens = calendar.opens_at(now)
    assert opens >= now
    assert calendar.is_open(opens) or calendar.never_closes
    if not calendar.is_open(now):
        assert calendar.between(now, opens) == 0


@given(calendars(), moments, moments, st.booleans(), st.booleans())
def test_a_clock_is_breached_exactly_when_it_is_late_or_was(
    calendar: Calendar, due: datetime, now: datetime, broken: bool, paused: bool
) -> None:
    seen = clock(due=due, met_at=None, broken=broken, paused=paused, calendar=calendar, now=now)
    assert isinstance(seen, Clock)
    assert (seen.state == "breached") is (broken or now > due)
    assert (seen.seconds_left < 0) <= (now > due)


def test_a_promise_made_before_closing_runs_on_after_the_weekend_and_a_holiday() -> None:
    weekdays = {day: ((time(9), time(17)),) for day in range(5)}
    calendar = Calendar(
        ZoneInfo("Europe/Amsterdam"),
        weekdays,
        frozenset({date(2026, 4, 6)}),  # Easter Monday
    )
    friday = datetime(2026, 4, 3, 16, 55, tzinfo=ZoneInfo("Europe/Amsterdam"))
    assert calendar.add(friday, 3600) == datetime(
        2026, 4, 7, 9, 55, tzinfo=ZoneInfo("Europe/Amsterdam")
    )
    assert not calendar.is_open(friday + timedelta(minutes=5))


def test_a_desk_without_hours_never_closes_and_one_that_never_opens_promises_plain_time() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert Calendar().is_open(now)
    assert Calendar().add(now, 60) == now + timedelta(minutes=1)
    every_day = frozenset(now.date() + timedelta(days=n) for n in range(-2, 500))
    shut = Calendar(ZoneInfo("UTC"), {0: ((time(9), time(17)),)}, every_day)
    assert shut.add(now, 60) == now + timedelta(minutes=1)
    assert Schedule(shut).promise(9).first_response == Schedule(shut).promise(5).first_response


@given(st.lists(st.floats(0, 1e6), max_size=40))
def test_a_wait_is_named_only_with_enough_data_and_lies_within_what_happened(
    waits: list[float],
) -> None:
    named = expected_wait(waits)
    assert (named is None) is (len(waits) < 3)
    if named is not None:
        assert named % 60 == 0
        assert min(waits) - 1 <= named <= max(waits) + 120
