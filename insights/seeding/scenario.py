"""A made-up past: when people write, about what, and how it goes. Pure; no database."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

TOPICS: dict[str, tuple[float, tuple[str, ...]]] = {
    "delivery": (0.24, ("Track a parcel", "Delivery times", "A parcel is late", "Delivery costs")),
    "returns": (0.20, ("Send goods back", "When the refund arrives", "Exchange a size")),
    "orders": (0.16, ("Change an order", "Cancel an order", "An item is missing")),
    "payments": (0.13, ("Ways to pay", "Find an invoice", "A code does not work")),
    "account": (0.11, ("Reset the password", "Change the address", "Loyalty points")),
    "products": (0.10, ("Warranty claims", "Spare parts", "Care of wool")),
    "gift-cards": (0.06, ("Balance of a gift card", "A gift card has expired")),
}
LANGUAGES = (("en", 0.55), ("de", 0.20), ("fr", 0.12), ("es", 0.08), ("it", 0.05))
CHANNELS = (("web", 0.62), ("widget", 0.30), ("email", 0.08))
AGENTS = ("demo.maria", "demo.tom", "demo.aisha", "demo.jonas", "demo.lena", "demo.kofi")
_HOURS = (1, 1, 1, 1, 1, 2, 4, 7, 11, 14, 15, 14, 12, 13, 14, 14, 13, 12, 11, 10, 9, 6, 4, 2)
_WEEKDAYS = (1.25, 1.15, 1.05, 1.0, 0.95, 0.65, 0.6)


@dataclass(frozen=True)
class Calendar:
    """What is special about the days: a holiday and two incidents."""

    first: date
    days: int

    @property
    def holiday(self) -> int:
        return int(self.days * 0.4)

    def is_parcel_strike(self, day: int) -> bool:
        start = int(self.days * 0.62)
        return start <= day < start + 4

    def is_gpu_outage(self, day: int) -> bool:
        return day == self.days - 9

    def weight(self, day: int) -> float:
        """How busy a day is against an ordinary one."""
        weekday = (self.first + timedelta(days=day)).weekday()
        weight = _WEEKDAYS[weekday] * (0.9 + 0.25 * day / self.days)
        if day == self.holiday:
            weight *= 0.2
        if self.is_parcel_strike(day):
            weight *= 1.7
        return weight

    def progress(self, day: int) -> float:
        """From 0 to 1: how far the assistant has learned."""
        return day / max(1, self.days - 1)


@dataclass(frozen=True)
class Story:
    """One conversation before it becomes rows. Times are seconds after `at`."""

    at: datetime
    person: int  # 0: anonymous
    topic: str
    article: int
    language: str
    channel: str
    decisions: tuple[str, ...]
    confidence: float
    wrong: bool
    tier: str
    first_token_ms: int
    handed_over: str  # reason, or empty
    wait_s: int
    handle_s: int
    agent: str
    thumb: int  # 1, -1 or 0
    reviewed: bool
    csat: int  # 0: no answer


def begin_times(calendar: Calendar, count: int, random: Random) -> list[tuple[int, datetime]]:
    """`count` beginnings with the rhythm of weeks and days, in order."""
    weights = [calendar.weight(day) for day in range(calendar.days)]
    midnight = datetime.fromisoformat(f"{calendar.first.isoformat()}T00:00:00+00:00")
    days = sorted(random.choices(range(calendar.days), weights, k=count))
    hours = random.choices(range(24), _HOURS, k=count)
    return sorted(
        (day, midnight + timedelta(days=day, hours=hour, seconds=random.random() * 3600))
        for day, hour in zip(days, hours, strict=True)
    )


def tell(calendar: Calendar, day: int, at: datetime, people: int, random: Random) -> Story:
    """What happened in one conversation."""
    strike = calendar.is_parcel_strike(day) and random.random() < 0.45
    topic = "delivery" if strike else _pick(random, [(k, w) for k, (w, _) in TOPICS.items()])
    confidence = min(0.99, max(0.02, random.betavariate(5, 2.2) + 0.08 * calendar.progress(day)))
    if strike:
        confidence *= 0.7
    decisions, reason = _decide(confidence, strike, random)
    answered = decisions[-1] == "answer"
    wrong = answered and random.random() < 0.28 * (1 - confidence) ** 1.3 + 0.005
    tier = _tier(calendar.is_gpu_outage(day), random)
    return Story(
        at=at,
        person=random.randint(1, people) if random.random() < 0.7 else 0,
        topic=topic,
        article=random.randrange(len(TOPICS[topic][1])),
        language=_pick(random, LANGUAGES),
        channel=_pick(random, CHANNELS),
        decisions=decisions,
        confidence=confidence,
        wrong=wrong,
        tier=tier,
        first_token_ms=_first_token(tier, calendar.is_gpu_outage(day), random),
        handed_over=reason,
        wait_s=_lognormal(random, 150 * (2.6 if strike else 1), 0.8),
        handle_s=_lognormal(random, 420 if topic == "returns" else 330, 0.6),
        agent=random.choice(AGENTS),
        thumb=_thumb(answered, wrong, random),
        reviewed=random.random() < 0.03,
        csat=random.choices((1, 2, 3, 4, 5), (4, 5, 12, 34, 45))[0] if random.random() < 0.4 else 0,
    )


def _decide(confidence: float, strike: bool, random: Random) -> tuple[tuple[str, ...], str]:
    if random.random() < 0.05:
        return ("answer", "escalate"), "asked_for_person"
    if confidence > 0.58:
        more = ("answer",) * (random.random() < 0.3)
        return ("answer", *more), ""
    if confidence > 0.45 and not strike:
        if random.random() < 0.7:
            return ("clarify", "answer"), ""
        return ("clarify", "escalate"), "clarify_failed"
    reasons = (("no_article", 0.45), ("not_sure", 0.4), ("complaint", 0.1), ("risk", 0.05))
    return ("escalate",), _pick(random, reasons)


def _tier(outage: bool, random: Random) -> str:
    shares = (("cpu", 0.7), ("extractive", 0.3)) if outage else (
        ("gpu", 0.78), ("cpu", 0.15), ("extractive", 0.07))  # fmt: skip
    return _pick(random, shares)


def _first_token(tier: str, outage: bool, random: Random) -> int:
    typical = {"gpu": 190, "cpu": 420, "extractive": 60}[tier]
    return _lognormal(random, typical * (2.5 if outage else 1), 0.45)


def _thumb(answered: bool, wrong: bool, random: Random) -> int:
    if not answered or random.random() > 0.34:
        return 0
    return 1 if random.random() < (0.12 if wrong else 0.9) else -1


def _lognormal(random: Random, median: float, spread: float) -> int:
    return max(1, round(random.lognormvariate(math.log(median), spread)))


def _pick(random: Random, shares: Iterable[tuple[str, float]]) -> str:
    names, weights = zip(*shares, strict=True)
    return str(random.choices(names, weights)[0])
