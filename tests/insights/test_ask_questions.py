"""Questions in plain words against the plans that were written down for them beforehand.

`held_out*` were kept out of the tuning and run once before general faults were mended;
docs/insights.md has what they said at first sight.
"""

import json
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from insights.ask.reading import AskBack, Reading, Refused, Understood, Vocabulary
from insights.ask.refusals import reason
from insights.ask.rules import read
from insights.figures.periods import Period
from insights.figures.plan import Filter, Plan, period_from
from insights.figures.wording import plan_text
from insights.measures import MEASURES

TODAY = date(2026, 11, 18)  # a Wednesday
FOLDER = Path(__file__).parent / "questions"
VOCABULARY = Vocabulary(
    {
        "topic": {
            "delivery": "delivery", "returns": "returns", "returns and refunds": "returns",
            "orders": "orders", "payments": "payments", "account": "account",
            "account and points": "account", "products": "products",
            "products and warranty": "products", "gift cards": "gift-cards", "privacy": "privacy",
            "contact and company": "contact-and-company",
        },
        "agent": {"maria": "maria", "tom": "tom", "aisha": "aisha"},
        "team": {"billing": "billing", "logistics": "logistics"},
    }
)  # fmt: skip


@lru_cache(maxsize=64)
def _load(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]


def _gold(row: dict[str, Any]) -> Plan:
    return Plan(
        measure=row["m"],
        period=period_from(row["p"]),
        filters=tuple(
            # Two values of one filter have no order of their own.
            Filter(k, tuple(v) if k in ("hour", "weekday") else tuple(sorted(v)))
            for k, v in sorted(row.get("f", {}).items())
        ),
        group=row.get("g", ""),
        compare=period_from(row["c"]) if "c" in row else None,
        why=row.get("why", False),
        order=row.get("o", ""),
        limit=row.get("n", 0),
    )


def _read(row: dict[str, Any]) -> Reading:
    return _follow(row["q"], tuple(row.get("after", ())))


@lru_cache(maxsize=4096)
def _follow(question: str, thread: tuple[str, ...]) -> Reading:
    """What a question became after those of its thread; read once for all tests."""
    previous: Plan | None = None
    for text in thread:
        before = read(text, vocabulary=VOCABULARY, today=TODAY, previous=previous)
        assert isinstance(before, Understood), text
        previous = before.plan
    return read(question, vocabulary=VOCABULARY, today=TODAY, previous=previous)


def _misses(name: str) -> list[str]:
    missed = []
    for row in _load(name):
        found = _read(row)
        if not isinstance(found, Understood) or found.plan != _gold(row):
            missed.append(f"{row['q']!r}: {found}")
    return missed


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("tuned", 2),
        ("held_out", 2),
        ("held_out_again", 2),
        ("tuned_again", 10),
        ("held_out_third", 3),
        ("held_out_seventh", 6),
        ("held_out_eighth", 3),
        ("held_out_ninth", 3),
        ("held_out_tenth", 6),
        ("held_out_eleventh", 3),
        ("held_out_twelfth", 3),
        ("held_out_thirteenth", 3),
        ("held_out_fourteenth", 3),
        ("held_out_fifteenth", 3),
        ("held_out_sixteenth", 3),
        ("held_out_seventeenth", 3),
        ("held_out_eighteenth", 3),
        ("held_out_nineteenth", 3),
        ("held_out_twentieth", 3),
        ("held_out_twenty_first", 3),
        ("held_out_twenty_second", 3),
        ("held_out_twenty_third", 3),
        ("held_out_twenty_fourth", 3),
    ],
)
def test_at_least_95_percent_of_the_questions_become_exactly_their_plan(
    name: str, allowed: int
) -> None:
    missed = _misses(name)
    assert len(missed) <= allowed, "\n".join(missed)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        "tuned",
        "held_out",
        "held_out_again",
        "tuned_again",
        "held_out_third",
        "held_out_fourth",
        "held_out_fifth",
        "held_out_sixth",
        "held_out_seventh",
        "held_out_eighth",
        "held_out_ninth",
        "held_out_tenth",
        "held_out_eleventh",
        "held_out_twelfth",
        "held_out_thirteenth",
        "held_out_fourteenth",
        "held_out_fifteenth",
        "held_out_sixteenth",
        "held_out_seventeenth",
        "held_out_eighteenth",
        "held_out_nineteenth",
        "held_out_twentieth",
        "held_out_twenty_first",
        "held_out_twenty_second",
        "held_out_twenty_third",
        "held_out_twenty_fourth",
    ],
)
def test_a_plan_of_another_question_says_on_the_page_that_it_is_another(name: str) -> None:
    for row in _load(name):
        found, gold = _read(row), _gold(row)
        if isinstance(found, Understood) and found.plan != gold:
            assert plan_text(found.plan) != plan_text(gold), row["q"]


@pytest.mark.parametrize(
    "name",
    [
        "tuned_refused",
        "held_out_refused",
        "tuned_refused_again",
        "held_out_third_refused",
        "held_out_thirteenth_refused",
        "held_out_eighteenth_refused",
        "held_out_twentieth_refused",
        "held_out_twenty_third_refused",
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_reason(name: str) -> None:
    answered = [row["q"] for row in _load(name) if isinstance(_read(row), Understood)]
    assert not answered, answered
    for row in _load(name):
        found = _read(row)
        assert isinstance(found, (Refused, AskBack))
        assert not isinstance(found, Refused) or reason(found)
        if isinstance(found, Refused) and found.why == "unknown":
            assert found.words


def test_the_questions_cover_every_measure() -> None:
    asked = {row["m"] for name in ("tuned", "held_out") for row in _load(name)}
    assert set(MEASURES) | {"savings"} <= asked


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("escalations in the week of 2 November", "2026-11-02", "2026-11-09"),
        ("escalations the week before last", "2026-11-02", "2026-11-09"),
        ("escalations the month before last", "2026-09-01", "2026-10-01"),
        ("escalations in week 44", "2026-10-26", "2026-11-02"),
        ("escalations in week 50", "2025-12-08", "2025-12-15"),
        ("escalations in the first half of October", "2026-10-01", "2026-10-16"),
        ("escalations in the second half of 2025", "2025-07-01", "2026-01-01"),
        ("escalations in the second quarter", "2026-04-01", "2026-07-01"),
        ("escalations in the last two quarters", "2026-05-18", "2026-11-18"),
        ("escalations since the start of the month", "2026-11-01", "2026-11-19"),
        ("escalations in the first 3 days of October", "2026-10-01", "2026-10-04"),
    ],
)
def test_a_span_is_read_as_a_person_means_it(text: str, start: str, end: str) -> None:
    found = read(text, vocabulary=VOCABULARY, today=TODAY)
    assert isinstance(found, Understood), found
    assert found.plan.measure == "escalations"
    assert (str(found.plan.period.start), str(found.plan.period.end)) == (start, end)
    assert found.plan.compare is None


def test_slowest_of_what_is_not_a_time_is_asked_back() -> None:
    before = Plan("escalations", Period(date(2026, 10, 1), date(2026, 11, 1)))
    found = read("the three slowest agents", vocabulary=VOCABULARY, today=TODAY, previous=before)
    assert isinstance(found, AskBack)


def test_parts_of_a_day_are_hours() -> None:
    found = read("wait time in the evening", vocabulary=VOCABULARY, today=TODAY)
    assert isinstance(found, Understood)
    assert found.plan.filters == (Filter("hour", tuple(str(hour) for hour in range(18, 24))),)


def test_there_are_120_questions_and_30_that_cannot_be_answered() -> None:
    assert len(_load("tuned")) + len(_load("held_out")) == 120
    assert len(_load("tuned_refused")) + len(_load("held_out_refused")) == 30


def test_a_restriction_that_is_not_understood_is_never_dropped() -> None:
    found = read("conversations from Atlantis last week", vocabulary=VOCABULARY, today=TODAY)
    assert isinstance(found, Refused)
    assert (found.why, found.words) == ("unknown", ("atlantis",))
    assert found.without == Plan("conversations", Period(date(2026, 11, 9), date(2026, 11, 16)))


@pytest.mark.parametrize(
    "text", ["escalations not about returns", "savings per conversation", "delete the reviews"]
)
def test_nothing_is_offered_where_leaving_words_out_would_say_the_contrary(text: str) -> None:
    found = read(text, vocabulary=VOCABULARY, today=TODAY)
    assert isinstance(found, Refused)
    assert found.without is None


def test_of_the_questions_of_another_hand_none_becomes_a_plan_of_another_question() -> None:
    """`held_out_third`: 34 of 60 at first sight, none another; general faults were then mended."""
    others = []
    for row in _load("held_out_third"):
        found = _read(row)
        if isinstance(found, Understood) and found.plan != _gold(row):
            others.append(row["q"])
    assert not others


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("which team breaks its promises most often", "asc"),
        ("which team keeps its promises most often", "desc"),
        ("articles with the most thumbs down", "asc"),
        ("the unhappiest topics", "asc"),
    ],
)
def test_a_phrase_that_says_the_opposite_turns_the_order_round(text: str, order: str) -> None:
    found = read(text, vocabulary=VOCABULARY, today=TODAY)
    assert isinstance(found, Understood), found
    assert found.plan.order == order


def test_two_values_that_are_compared_stand_beside_one_another() -> None:
    found = read("is csat better in German or English", vocabulary=VOCABULARY, today=TODAY)
    assert isinstance(found, Understood), found
    assert (found.plan.group, found.plan.compare) == ("language", None)


def test_a_follow_up_that_says_nothing_new_does_not_repeat_the_figure_before() -> None:
    before = Plan("escalations", Period(date(2026, 10, 1), date(2026, 11, 1)))
    found = read("how many answers?", vocabulary=VOCABULARY, today=TODAY, previous=before)
    assert isinstance(found, Refused)


def test_a_slip_of_the_keyboard_is_mended_and_said() -> None:
    found = read("escalatoins last weeek", vocabulary=VOCABULARY, today=TODAY)
    assert isinstance(found, Understood)
    assert ("escalatoins", "escalations") in found.mended
    assert found.plan.period == Period(date(2026, 11, 9), date(2026, 11, 16))


def test_a_second_set_of_another_hand_is_never_read_as_another_question() -> None:
    """`held_out_sixth`: 36 of 50 at first sight, 2 another; general faults were then mended."""
    readings = [(_read(row), _gold(row)) for row in _load("held_out_sixth")]
    understood = [(found.plan, gold) for found, gold in readings if isinstance(found, Understood)]
    assert all(plan == gold for plan, gold in understood)
    assert len(understood) >= 44


def test_a_slip_goes_to_the_word_of_the_same_letters_or_to_the_one_left_unfinished() -> None:
    for typed, meant in (("handel", "handle"), ("respons", "response")):
        question = f"the first {typed} time last week" if meant == "response" else f"{typed} time"
        found = read(question, vocabulary=VOCABULARY, today=TODAY)
        assert isinstance(found, Understood), found
        assert (typed, meant) in found.mended
