"""Conversations matched with what people needed for the same topic."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from insights.figures.figure import EXACT_ROWS, histograms, sums
from insights.figures.periods import Period
from insights.figures.plan import Plan
from insights.figures.reading import read
from insights.figures.sql import fits_sums
from insights.figures.statistics import median, median_ranks
from insights.measures import SERVED
from insights.measures.conversation_measures import MATCHED
from insights.measures.histogram import at_rank

FEW = 8  # hand-overs of a topic below which all topics' median stands in


@dataclass(frozen=True)
class Topic:
    """One topic's conversations, matched with what people needed for the same topic."""

    key: str
    confirmed: int
    silent: int
    returned: int
    handled: int  # conversations that people handled, that the median rests on
    seconds: float
    low: float
    high: float
    matched: bool


@dataclass(frozen=True)
class Times:
    """How long people needed: how many conversations, the median, and its 95 % interval."""

    number: int
    middle: float
    low: float
    high: float


_TIMES = """
    SELECT topic, array_agg(agent_s) FROM insights_conversationfact
     WHERE at >= %s AND at < %s AND served AND agent_s > 0 GROUP BY 1
"""


def matched(period: Period, zone: ZoneInfo) -> tuple[Topic, ...]:
    """Every topic of a period. Few hand-overs of its own: the median of all topics."""
    by_topic = Plan("conversations", period, group="topic")
    rows = sorted(sums(by_topic, MATCHED, zone))
    own, everything = _times(by_topic, zone, sum(row[4] for row in rows))
    found = []
    for key, confirmed, silent, returned, _served in rows:
        times = own.get(key)
        alike = times is not None and times.number >= FEW
        used = times if alike and times else everything
        found.append(
            Topic(key, confirmed, silent, returned, times.number if times else 0, used.middle,
                  used.low, used.high, alike)
        )  # fmt: skip
    return tuple(found)


def _times(plan: Plan, zone: ZoneInfo, served: int) -> tuple[dict[str, Times], Times]:
    """Of each topic, and of all together: sorted where there are few, else from histograms."""
    if served <= EXACT_ROWS or not fits_sums(plan, zone):
        values: dict[str, list[int]] = dict(read(_TIMES, plan.period.bounds(zone)))
        everything = sorted(second for own in values.values() for second in own)
        return {key: of_values(sorted(own)) for key, own in values.items()}, of_values(everything)
    whole: dict[int, int] = {}
    own = {}
    for key, counts in histograms(plan, SERVED, zone):
        own[key] = of_counts(counts)
        for bucket, count in counts.items():
            whole[bucket] = whole.get(bucket, 0) + count
    return own, of_counts(whole)


def of_values(ordered: Sequence[float]) -> Times:
    if not ordered:
        return Times(0, 0.0, 0.0, 0.0)
    first, last = median_ranks(len(ordered))
    return Times(len(ordered), median(ordered), ordered[first - 1], ordered[last - 1])


def of_counts(counts: dict[int, int]) -> Times:
    """The same from a histogram: each value within one in a hundred."""
    total = sum(counts.values())
    if not total:
        return Times(0, 0.0, 0.0, 0.0)
    first, last = median_ranks(total)
    middle = (at_rank(counts, (total + 1) // 2) + at_rank(counts, total // 2 + 1)) / 2
    return Times(total, middle, at_rank(counts, first), at_rank(counts, last))
