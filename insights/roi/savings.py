"""What the assistant saved: minutes that people did not spend, less what it cost to get there.

The headline counts confirmed conversations only. Silence is worth what the assumption says it is,
and only in the upper figure.
"""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from django.conf import settings

from conversations.services.error_limit import LiveLimit
from conversations.services.review_reading import wrong_answer_rate
from insights.figures.figure import figure, portal_zone
from insights.figures.periods import Period
from insights.figures.plan import Plan
from insights.figures.statistics import wilson
from insights.measures import MEASURES
from insights.roi.assumptions import Held, Key, held_on
from insights.roi.matching import Topic, matched

DAYS_OF_MONTH = 30.4375


@dataclass(frozen=True)
class Basis:
    """Everything measured that the savings rest on."""

    topics: tuple[Topic, ...]
    days: int
    answers: int
    reviews: int
    wrong: float
    wrong_low: float
    wrong_high: float
    wrong_is_measured: bool


@dataclass(frozen=True)
class Savings:
    """Money of a period. `least` counts confirmed conversations only; `most` adds silent ones."""

    basis: Basis
    held: dict[str, Held]
    least: float
    most: float
    low: float
    high: float
    gross: float
    hosting: float
    review: float
    returned: float
    wrong: float
    minutes: float


@dataclass(frozen=True)
class Sensitivity:
    name: str
    at_low: float
    at_high: float


def savings(period: Period) -> Savings:
    """The savings of a period, with the assumptions that held on its last day."""
    basis, held = _basis(period, portal_zone()), held_on(period.last)
    values = {key: item.value for key, item in held.items()}
    parts = _parts(basis, values, "seconds")
    worst = {
        **{key: item.low for key, item in held.items()},
        Key.PARALLEL: held[Key.PARALLEL].high,
        Key.HOSTING_MONTH: held[Key.HOSTING_MONTH].high,
        Key.REVIEW_MINUTES: held[Key.REVIEW_MINUTES].high,
        Key.WRONG_COST: held[Key.WRONG_COST].high,
    }
    best = {
        **{key: item.high for key, item in held.items()},
        Key.PARALLEL: held[Key.PARALLEL].low,
        Key.HOSTING_MONTH: held[Key.HOSTING_MONTH].low,
        Key.REVIEW_MINUTES: held[Key.REVIEW_MINUTES].low,
        Key.WRONG_COST: held[Key.WRONG_COST].low,
    }
    bad = replace(basis, wrong=basis.wrong_high)
    good = replace(basis, wrong=basis.wrong_low)
    return Savings(
        basis=basis,
        held=held,
        least=_net(parts),
        most=_net(_parts(basis, values, "seconds", silent=values[Key.SILENT_SOLVED])),
        low=_net(_parts(bad, worst, "low")),
        high=_net(_parts(good, best, "high", silent=best[Key.SILENT_SOLVED])),
        gross=parts["gross"],
        hosting=parts["hosting"],
        review=parts["review"],
        returned=parts["returned"],
        wrong=parts["wrong"],
        minutes=sum(topic.confirmed * topic.seconds for topic in basis.topics) / 60,
    )


def sensitivity(found: Savings) -> list[Sensitivity]:
    """The headline with one assumption at a time at its lowest and highest, widest first."""
    values = {key: item.value for key, item in found.held.items()}
    rows = []
    for key, item in found.held.items():
        if key == Key.SILENT_SOLVED:
            continue  # the headline does not use it
        low, high = (
            _net(_parts(found.basis, {**values, key: end}, "seconds"))
            for end in (item.low, item.high)
        )
        rows.append(Sensitivity(str(item.name), low, high))
    return sorted(rows, key=lambda row: -abs(row.at_high - row.at_low))


@dataclass(frozen=True)
class Goal:
    """What would have to be true for an automation rate and a sum a year."""

    automation: float
    money: float
    automation_now: float
    a_year_now: float
    conversations_a_year: float
    conversations_needed: float
    minutes_needed: float
    minutes_now: float


def goal(found: Savings, period: Period, *, automation: float, money: float) -> Goal:
    """At the goal's automation: how many conversations a year, or minutes each, make the sum."""
    values = {key: item.value for key, item in found.held.items()}
    now = figure(Plan("automation", period))
    volume = figure(Plan("conversations", period)).counted * 365 / period.days
    second = values[Key.AGENT_HOUR] / 3600 / values[Key.PARALLEL]
    counted = sum(topic.confirmed for topic in found.basis.topics)
    each = found.minutes / counted if counted else 0.0
    costs = (found.review + found.returned + found.wrong) * 365 / period.days
    fixed = values[Key.HOSTING_MONTH] * 12 + costs
    gain = automation * each * 60 * second
    return Goal(
        automation, money, now.raw or 0.0, found.least * 365 / period.days, volume,
        (money + fixed) / gain if gain else 0.0,
        (money + fixed) / (volume * automation * 60 * second) if volume else 0.0, each,
    )  # fmt: skip


def _parts(
    basis: Basis, values: dict[str, float], which: str, *, silent: float = 0.0
) -> dict[str, float]:
    second = values[Key.AGENT_HOUR] / 3600 / values[Key.PARALLEL]
    gross = returned = 0.0
    for topic in basis.topics:
        seconds = getattr(topic, which)
        gross += (topic.confirmed + silent * topic.silent) * seconds * second
        returned += topic.returned * topic.seconds * second
    return {
        "gross": gross,
        "returned": returned,
        "hosting": values[Key.HOSTING_MONTH] * basis.days / DAYS_OF_MONTH,
        "review": basis.reviews * values[Key.REVIEW_MINUTES] * values[Key.AGENT_HOUR] / 60,
        "wrong": basis.answers * basis.wrong * values[Key.WRONG_COST],
    }


def _net(parts: dict[str, float]) -> float:
    return parts["gross"] - sum(parts[key] for key in ("returned", "hosting", "review", "wrong"))


def _basis(period: Period, zone: ZoneInfo) -> Basis:
    rate, low, high, measured = _wrong(period, zone)
    return Basis(
        topics=matched(period, zone),
        days=period.days,
        answers=figure(Plan("involvement", period)).counted,
        reviews=figure(Plan("reviews", period)).counted,
        wrong=rate,
        wrong_low=low,
        wrong_high=high,
        wrong_is_measured=measured,
    )


def _wrong(period: Period, zone: ZoneInfo) -> tuple[float, float, float, bool]:
    """The rate of wrong answers, its interval, and whether it was measured.

    From the weekly random samples where enough of them is judged, since they stand for all
    answers; else from everything reviewed; else the limit that is set.
    """
    begin, end = period.bounds(zone)
    sampled = wrong_answer_rate(begin=begin, end=end)
    if sampled is not None and sampled.count >= MEASURES["wrong_rate"].minimum:
        return sampled.share, sampled.low, sampled.high, True
    found = figure(Plan("wrong_rate", period))
    if found.value is not None:
        low, high = wilson(found.counted, found.out_of)
        return found.value, low, high, True
    limit = LiveLimit(settings.CONFIG.max_error)()
    high = wilson(found.counted, found.out_of)[1] if found.out_of else 1.0
    return limit, 0.0, max(limit, min(high, 2 * limit)), False
