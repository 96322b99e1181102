"""Rollups, facts and the rows behind a link say the same, for every measure and dimension."""

import math
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.models import Conversation, Escalation, Rating, Review, Turn
from insights.figures import figure as reckoning
from insights.figures import sql
from insights.figures.figure import (
    by_hour,
    count_rows,
    figure,
    figures,
    is_approximate,
    sums,
)
from insights.figures.periods import Period, last_days, moment, on_whole_hours
from insights.figures.plan import Filter, Plan, check
from insights.ledger.verification import VerificationService
from insights.measures import MEASURES, Measure, allowed
from insights.measures.histogram import EDGES, ERROR, quantile
from insights.measures.turn_measures import STEPS
from insights.models import DirtyHour, Rollup
from insights.roi import matching
from insights.roi.matching import matched

pytestmark = pytest.mark.django_db
EVERY = list(MEASURES.values())
BERLIN = ZoneInfo("Europe/Berlin")
NEAR = ERROR + 1e-9
PERIOD = Period(date(2026, 9, 20), date(2026, 11, 18))


def test_every_measure_and_dimension_is_the_same_from_rollups_and_from_rows(history: None) -> None:
    assert not DirtyHour.objects.exists()
    for measure in EVERY:
        for group in ("", *(item.key for item in allowed(measure))):
            plan = check(Plan(measure.key, PERIOD, group=group))
            assert figures(plan, zone=BERLIN) == figures(plan, zone=BERLIN, exact=True), (
                measure.key,
                group,
            )


def test_a_percentile_of_histograms_is_within_one_in_a_hundred_of_the_sorted_one(
    history: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over every dimension; the numbers of rows are exact."""
    monkeypatch.setattr(reckoning, "EXACT_ROWS", -1)
    for measure in (item for item in EVERY if item.kind == "percentile"):
        for group in ("", *(item.key for item in allowed(measure))):
            plan = check(Plan(measure.key, PERIOD, group=group))
            assert is_approximate(plan, BERLIN), (measure.key, group)
            near = {item.key: item for item in figures(plan, zone=BERLIN)}
            exact = {item.key: item for item in figures(plan, zone=BERLIN, exact=True)}
            assert near.keys() == exact.keys()
            for key, item in exact.items():
                assert (near[key].counted, near[key].out_of) == (item.counted, item.out_of)
                assert near[key].raw == pytest.approx(item.raw, rel=NEAR), (
                    measure.key,
                    key,
                )


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**8), min_size=1, max_size=200), st.floats(0.01, 1))
def test_a_histograms_quantile_is_near_the_value_of_that_rank(
    values: list[int], share: float
) -> None:
    counts: dict[int, int] = {}
    for value in values:
        bucket = bisect_right(EDGES, value)
        counts[bucket] = counts.get(bucket, 0) + 1
    exact = sorted(values)[max(1, math.ceil(share * len(values))) - 1]
    assert quantile(counts, share) == pytest.approx(exact, rel=NEAR)


def test_savings_from_histograms_are_those_from_rows_within_one_in_a_hundred(
    history: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = matched(PERIOD, BERLIN)
    monkeypatch.setattr(matching, "EXACT_ROWS", -1)
    near = matched(PERIOD, BERLIN)
    assert exact
    for one, other in zip(exact, near, strict=True):
        assert replace(one, seconds=0, low=0, high=0) == replace(other, seconds=0, low=0, high=0)
        assert other.seconds == pytest.approx(one.seconds, rel=NEAR)
        assert (other.low, other.high) == pytest.approx((one.low, one.high), rel=NEAR)


def test_hours_and_sums_are_the_same_from_rollups_and_from_rows(
    history: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = [Plan("first_token_time", PERIOD, group=group) for group in ("", "topic", "day")]
    load = Plan("escalations", PERIOD, (Filter("language", ("de", "en")),))
    rolled = [sorted(sums(plan, STEPS, BERLIN)) for plan in plans]
    hours = by_hour(load, BERLIN)
    monkeypatch.setattr(sql, "fits_sums", lambda *_: False)
    assert rolled == [sorted(sums(plan, STEPS, BERLIN)) for plan in plans]
    assert hours == by_hour(load, BERLIN)
    assert sum(hours.values()) == figure(load).counted


def test_the_link_of_every_figure_opens_exactly_the_rows_that_it_counts(history: None) -> None:
    for measure in EVERY:
        for group in ("", *(item.key for item in allowed(measure))):
            plan = check(Plan(measure.key, PERIOD, group=group, limit=4))
            for item in figures(plan):
                filters = (Filter(group, (item.key,)),) if group else ()
                linked = Plan(measure.key, PERIOD, filters)
                assert count_rows(linked) == item.rows, (measure.key, group, item.key)
                if measure.kind == "ratio":
                    assert count_rows(linked, part="base") == item.out_of


def test_groups_of_a_count_add_up_to_its_total(history: None) -> None:
    for measure in (item for item in EVERY if item.kind == "count"):
        total = figure(Plan(measure.key, PERIOD)).counted
        for dimension in allowed(measure):
            parts = figures(Plan(measure.key, PERIOD, group=dimension.key))
            assert sum(item.counted for item in parts) == total, (measure.key, dimension.key)


def test_figures_equal_an_independent_count_of_the_record(history: None) -> None:
    """Counted here from the conversations' own tables, without facts."""
    zone = ZoneInfo("UTC")
    start, end = PERIOD.bounds(zone)

    def raw(key: str) -> tuple[int, int]:
        found = figure(Plan(key, PERIOD), zone=zone)
        return found.counted, found.out_of

    inside = Conversation.objects.filter(
        messages__seq=1, messages__created_at__gte=start, messages__created_at__lt=end
    )
    assert raw("conversations")[0] == inside.count()
    turns = Turn.objects.filter(accepted_at__gte=start, accepted_at__lt=end)
    assert raw("questions")[0] == turns.count()
    assert raw("answer_rate") == (turns.filter(decision="answer").count(), turns.count())
    opened = Escalation.objects.filter(opened_at__gte=start, opened_at__lt=end)
    assert raw("escalations")[0] == opened.count()
    reviews = Review.objects.filter(turn__in=turns, turn__decision="answer")
    wrong = reviews.filter(verdict__in=["wrong", "unsafe"])
    assert raw("wrong_rate") == (wrong.count(), reviews.count())
    thumbs = Rating.objects.filter(message__turn__in=turns)
    assert raw("helpful_rate") == (thumbs.filter(score=1).count(), thumbs.count())
    people = inside.exclude(customer=None).values("customer").distinct().count()
    assert figure(Plan("people", PERIOD), zone=zone).value == people


def test_automation_is_involvement_times_resolution(history: None) -> None:
    automation, involvement, resolution = (
        figure(Plan(key, PERIOD)) for key in ("automation", "involvement", "resolution")
    )
    assert automation.counted == resolution.counted
    assert involvement.counted == resolution.out_of
    assert automation.raw == pytest.approx((involvement.raw or 0) * (resolution.raw or 0))
    upper = figure(Plan("automation_upper", PERIOD))
    assert automation.counted <= upper.counted


def test_outcomes_of_settled_conversations_add_up_to_all_of_them(history: None) -> None:
    shares = [key for key in MEASURES if key.endswith("_share") and MEASURES[key].grain ==
              "conversation"]  # fmt: skip
    found = [figure(Plan(key, PERIOD)) for key in shares]
    came_back = figure(
        Plan("conversations", PERIOD, (Filter("outcome", ("recontacted",)),))
    ).counted
    assert sum(item.counted for item in found) + came_back == found[0].out_of


@pytest.mark.parametrize("measure", EVERY, ids=lambda item: item.key)
def test_every_measure_explains_itself(measure: Measure) -> None:
    assert str(measure.name)
    assert str(measure.formula)
    assert str(measure.meaning)


def test_a_day_of_25_hours_is_one_day_and_so_is_one_of_23() -> None:
    for day, hours in ((date(2026, 10, 25), 25), (date(2026, 3, 29), 23), (date(2026, 5, 5), 24)):
        start, end = Period(day, day + timedelta(days=1)).bounds(BERLIN)
        assert (end - start) == timedelta(hours=hours)


def test_a_zone_of_half_hours_is_counted_from_rows(history: None) -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    assert not on_whole_hours(PERIOD, kolkata)
    assert on_whole_hours(PERIOD, BERLIN)
    plan = Plan("conversations", PERIOD, group="day")
    assert figures(plan, zone=kolkata) == figures(plan, zone=kolkata, exact=True)


def test_days_around_the_change_of_clocks_hold_every_conversation_once(history: None) -> None:
    period = Period(date(2026, 10, 20), date(2026, 10, 30))
    days = figures(Plan("conversations", period, group="day"), zone=BERLIN)
    assert len(days) == 10
    start, end = moment(period.start, BERLIN), moment(period.end, BERLIN)
    inside = Conversation.objects.filter(
        messages__seq=1, messages__created_at__gte=start, messages__created_at__lt=end
    )
    assert sum(day.counted for day in days) == inside.count()


def test_last_days_leave_out_today() -> None:
    just_after_midnight = datetime(2026, 11, 17, 23, 30, tzinfo=UTC)  # already the 18th in Berlin
    assert last_days(just_after_midnight, BERLIN, 7) == Period(
        date(2026, 11, 11), date(2026, 11, 18)
    )


def test_all_sums_equal_a_recount_after_late_and_repeated_events(
    history: None, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small run of `manage.py verify_rollups --late`, which does the same to 100,000."""
    monkeypatch.setattr(reckoning, "EXACT_ROWS", 100)
    service = VerificationService()
    assert service.disturb(events=400, seed=3, now=now) > 200
    compared, found = service.compare(Period(date(2026, 9, 1), date(2026, 11, 19)))
    assert compared > 5_000
    assert not found, found[:5]
    Rollup.objects.filter(dimension="topic").delete()
    assert service.compare(PERIOD)[1]  # it can tell
