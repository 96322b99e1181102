"""Intervals, queues, decompositions and savings, against values worked out by hand."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.dashboards.brief import _usual
from insights.dashboards.charts import nice_top
from insights.dashboards.risk import Point, choose, envelope
from insights.figures.decompose import of_count, of_ratio
from insights.figures.figure import Figure
from insights.figures.periods import Period, add_months
from insights.figures.statistics import (
    agents_needed,
    counts_may_be_chance,
    erlang_c,
    median,
    median_ranks,
    wilson,
)
from insights.roi.matching import Topic
from insights.roi.savings import Basis, _net, _parts

sums = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(st.integers(0, 500), st.integers(1, 500)).map(lambda p: (min(p), max(p))),
    min_size=1,
)


@given(sums, sums)
def test_the_parts_of_a_shares_change_add_up_to_it_exactly(
    before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]
) -> None:
    share = [sum(n for n, _ in s.values()) / sum(o for _, o in s.values()) for s in (before, after)]
    parts = of_ratio(before, after)
    assert sum(part.total for part in parts) == pytest.approx(share[1] - share[0], abs=1e-9)
    assert all(part.total == pytest.approx(part.mix + part.rate) for part in parts)


@given(sums, sums)
def test_the_parts_of_a_counts_change_add_up_to_it(
    before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]
) -> None:
    change = sum(n for n, _ in after.values()) - sum(n for n, _ in before.values())
    assert sum(part.total for part in of_count(before, after)) == change


def test_a_change_of_mix_alone_is_told_apart_from_a_change_of_rate() -> None:
    """Both groups keep their rates; only their sizes change."""
    parts = of_ratio({"a": (50, 100), "b": (10, 100)}, {"a": (25, 50), "b": (15, 150)})
    assert all(part.rate == pytest.approx(0) for part in parts)
    assert sum(part.mix for part in parts) == pytest.approx(0.2 - 0.3)


def test_wilson_agrees_with_the_published_example() -> None:
    low, high = wilson(15, 148)  # Newcombe 1998: 0.0624 to 0.1605
    assert (round(low, 4), round(high, 4)) == (0.0624, 0.1605)
    assert wilson(0, 0) == (0.0, 1.0)


def test_erlang_c_agrees_with_the_published_table() -> None:
    assert erlang_c(10, 14) == pytest.approx(0.174, abs=0.001)
    assert erlang_c(5, 5) == 1.0
    # 100 calls in half an hour of 3 minutes each, 80 % within 20 seconds: 14 agents
    assert agents_needed(200, 180, within_seconds=20, share=0.8) == 14


def test_the_medians_interval_holds_its_rank() -> None:
    assert median([3, 1, 2]) == 2
    low, high = median_ranks(100)
    assert low <= 50 <= high


def test_savings_are_minutes_times_cost_less_everything_it_took() -> None:
    topic = Topic("returns", confirmed=100, silent=50, returned=2, handled=40, seconds=600,
                  low=500, high=700, matched=True)  # fmt: skip
    basis = Basis((topic,), days=30, answers=400, reviews=60, wrong=0.05, wrong_low=0.02,
                  wrong_high=0.1, wrong_is_measured=True)  # fmt: skip
    values = {"agent_hour": 36.0, "parallel": 2.0, "hosting_month": 0.0, "review_minutes": 1.0,
              "wrong_cost": 10.0, "silent_solved": 0.5}  # fmt: skip
    parts = _parts(basis, values, "seconds")
    # 0.005 a second: 100 × 600 s = 300; came back 2 × 600 s = 6; review 60 × 0.6 = 36; 20 × 10
    assert parts["gross"] == pytest.approx(300)
    assert _net(parts) == pytest.approx(300 - 6 - 36 - 200)
    assert _parts(basis, values, "seconds", silent=0.5)["gross"] == pytest.approx(375)


def test_periods_are_compared_with_what_is_like_them() -> None:
    october = Period(date(2026, 10, 1), date(2026, 11, 1))
    assert october.before() == Period(date(2026, 9, 1), date(2026, 10, 1))
    so_far = Period(date(2026, 11, 16), date(2026, 11, 19))
    assert so_far.before() == Period(date(2026, 11, 9), date(2026, 11, 12))
    assert add_months(date(2026, 3, 31), -1) == date(2026, 2, 28)
    with pytest.raises(ValueError):
        Period(date(2026, 1, 1), date(2026, 1, 1))


def test_a_limit_of_wrong_answers_is_never_passed() -> None:
    points = [Point(0.9, 0.2, 0.01, 0.05, 50), Point(0.7, 0.5, 0.04, 0.08, 90),
              Point(0.5, 0.8, 0.09, 0.12, 150)]  # fmt: skip
    assert choose(points, 0.05) == points[1]
    assert choose(points, 0.001) is None
    assert [p.coverage for p in envelope(points)] == [0.2, 0.5, 0.8]


def test_one_wrong_answer_among_few_is_no_alarm_and_many_are() -> None:
    quiet = [Figure("", 0, 40, 0, 0.0, 0.0, *wilson(0, 40)) for _ in range(8)]
    for wrong, is_ordinary in ((1, True), (12, False)):
        now = Figure("", wrong, 34, wrong, wrong / 34, wrong / 34, *wilson(wrong, 34))
        low, high = _usual([0.0] * 8, quiet, now)
        assert (low <= wrong / 34 <= high) is is_ordinary


@pytest.mark.parametrize(
    ("after", "before", "chance"),
    [(145, 142, True), (180, 142, False), (0, 0, True), (4, 0, False)],
)
def test_small_differences_of_counts_may_be_chance(after: int, before: int, chance: bool) -> None:
    assert counts_may_be_chance(after, before) is chance


def test_an_axis_of_shares_has_ticks_that_can_be_said_with_one_digit() -> None:
    for value in (0.003, 0.011, 0.02, 0.047, 0.09, 0.3, 0.46, 0.9):
        quarter = nice_top(value, "share") * 25
        assert nice_top(value, "share") >= value
        assert abs(round(quarter, 1) - quarter) < 1e-9
