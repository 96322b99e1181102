"""Savings against sums worked out by hand: headline, ends of ranges, sensitivity, the goal."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from conversations.models import Conversation, Message, Review, ReviewDraw, ReviewItem, Turn
from insights.figures.periods import Period
from insights.models import Assumption, ConversationFact
from insights.roi.matching import of_values
from insights.roi.savings import goal, savings, sensitivity

pytestmark = pytest.mark.django_db
OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1))  # 31 days
AT = datetime(2026, 10, 10, 12, tzinfo=UTC)
RANGES = {  # value, lowest, highest
    "agent_hour": (36, 18, 72), "parallel": (2, 1, 4), "hosting_month": (0, 0, 30),
    "review_minutes": (1, 1, 1), "wrong_cost": (0, 0, 0), "silent_solved": (0.5, 0, 1),
}  # fmt: skip


@pytest.fixture(autouse=True)
def assumed(db: None) -> None:
    for key, (value, low, high) in RANGES.items():
        Assumption.objects.create(
            key=key, from_date=date(2026, 1, 1), value=value, low=low, high=high, source="by hand"
        )


def _facts(number: int, **values: Any) -> None:
    for _ in range(number):
        thread = Conversation.objects.create(token_hash="x")
        base: dict[str, Any] = {
            "at": AT, "topic": "returns", "language": "en", "channel": "web", "last_at": AT,
            "messages": 2, "answers": 1, "escalated": False, "served": False,
        }  # fmt: skip
        ConversationFact.objects.create(conversation=thread, **{**base, **values})


def _a_month() -> None:
    """100 confirmed, 40 silent, 10 came back, 50 by people: 10 minutes each, at the middle."""
    _facts(100, outcome="confirmed")
    _facts(40, outcome="silent")
    _facts(10, outcome="recontacted")
    for place in range(50):
        _facts(1, outcome="human_resolved", answers=0, escalated=True, served=True,
               agent_s=600 + (place - 25) * 2 + 1)  # fmt: skip


def test_the_headline_is_minutes_times_cost_less_what_came_back() -> None:
    _a_month()
    found = savings(OCTOBER)
    # a second costs 36 / 3600 / 2 = 0.005; the median of 551, 553, … 649 is 600 s, worth 3.00
    assert found.gross == pytest.approx(100 * 3.0)
    assert found.returned == pytest.approx(10 * 3.0)
    assert found.least == pytest.approx(300 - 30)
    assert found.most == pytest.approx(300 + 0.5 * 40 * 3.0 - 30)
    assert found.minutes == pytest.approx(100 * 10)


def test_the_range_takes_every_assumption_at_its_worst_and_best_end_at_once() -> None:
    _a_month()
    found = savings(OCTOBER)
    times = of_values([600 + (place - 25) * 2 + 1 for place in range(50)])
    worst_second = 18 / 3600 / 4
    hosting = 30 * 31 / 30.4375
    low = 100 * times.low * worst_second - 10 * 600 * worst_second - hosting
    assert found.low == pytest.approx(low)
    best_second = 72 / 3600 / 1
    high = (100 + 40) * times.high * best_second - 10 * 600 * best_second
    assert found.high == pytest.approx(high)
    assert times.low < 600 < times.high


def test_sensitivity_moves_one_assumption_at_a_time_and_the_widest_comes_first() -> None:
    _a_month()
    rows = sensitivity(savings(OCTOBER))
    by_name = {row.name: row for row in rows}
    hour = by_name["cost of an agent's hour"]
    assert hour.at_low == pytest.approx(135)
    assert hour.at_high == pytest.approx(540)
    parallel = by_name["conversations an agent handles at once"]
    assert parallel.at_low == pytest.approx(540)
    assert parallel.at_high == pytest.approx(135)
    hosting = by_name["hosting and GPU, a month"]
    assert hosting.at_low == pytest.approx(270)
    assert hosting.at_high == pytest.approx(270 - 30 * 31 / 30.4375)
    widths = [abs(row.at_high - row.at_low) for row in rows]
    assert widths == sorted(widths, reverse=True)


def test_what_the_goal_takes_put_back_in_makes_the_goal() -> None:
    """70 % of the conversations needed, at today's minutes each, make 200,000 and the costs."""
    _a_month()
    found = savings(OCTOBER)
    wanted = goal(found, OCTOBER, automation=0.7, money=200_000)
    assert wanted.automation_now == pytest.approx(100 / 200)
    assert wanted.conversations_a_year == pytest.approx(200 * 365 / 31)
    costs = 30 * 365 / 31
    each = 10 * 60 * 0.005
    assert wanted.conversations_needed * 0.7 * each - costs == pytest.approx(200_000)
    volume = wanted.conversations_a_year
    assert volume * 0.7 * wanted.minutes_needed * 60 * 0.005 - costs == pytest.approx(200_000)


def test_too_few_of_a_topics_own_take_the_median_of_all() -> None:
    _a_month()
    _facts(3, topic="rare", outcome="confirmed")
    _facts(2, topic="rare", outcome="human_resolved", answers=0, escalated=True, served=True,
           agent_s=9_000)  # fmt: skip
    rare = next(topic for topic in savings(OCTOBER).basis.topics if topic.key == "rare")
    assert not rare.matched
    assert rare.seconds < 700


def test_wrong_answers_are_those_of_the_weighed_samples_not_of_complaints(db: None) -> None:
    """Of 30 judged: 20 of a big stratum, all right; 10 of a small one, half of them wrong."""
    reviewer = get_user_model().objects.create(username="reviewer")
    draw = ReviewDraw.objects.create(
        week=date(2026, 10, 5), seed=1, population=1000, size=30, drawn_at=AT
    )
    _facts(1, outcome="confirmed")
    for place in range(30):
        is_big = place < 20
        thread = Conversation.objects.create(token_hash="x")
        said = [
            Message.objects.create(conversation=thread, seq=seq, author=author, text="…",
                                   created_at=AT)
            for seq, author in ((1, "customer"), (2, "assistant"))
        ]  # fmt: skip
        turn = Turn.objects.create(
            conversation=thread, question=said[0], covers_seq=1, reply=said[1], state="done",
            decision="answer", tier="cpu", deadline_at=AT, rung_at=AT, accepted_at=AT,
            claimed_at=AT, done_at=AT + timedelta(seconds=1),
        )  # fmt: skip
        ReviewItem.objects.create(turn=turn, why=["sample"], priority=3, draw=draw, added_at=AT,
                                  weight=45 if is_big else 10)  # fmt: skip
        verdict = "right" if is_big or place % 2 else "wrong"
        Review.objects.create(turn=turn, reviewer=reviewer, verdict=verdict)
    found = savings(OCTOBER).basis
    assert found.wrong_is_measured
    assert found.wrong == pytest.approx(5 * 10 / (20 * 45 + 10 * 10))
    assert found.wrong_low < found.wrong < found.wrong_high
