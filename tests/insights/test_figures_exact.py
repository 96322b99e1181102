"""Rollups, facts and the rows behind a link say the same, for every measure and dimension."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from conversations.models import Conversation, Escalation, Rating, Review, Turn
from insights.figures.figure import count_rows, figure, figures
from insights.figures.periods import Period, last_days, moment, on_whole_hours
from insights.figures.plan import Filter, Plan, check
from insights.measures import MEASURES, Measure, allowed
from insights.models import DirtyHour

pytestmark = pytest.mark.django_db
EVERY = list(MEASURES.values())
BERLIN = ZoneInfo("Europe/Berlin")
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
