"""The risk-coverage curve: how much may be answered for how many wrong answers, from reviews.

Every reviewed answer has the confidence that it was given with. Answering only above a threshold
leaves fewer answers and fewer wrong ones; the curve has one point for each threshold.
"""

from bisect import bisect_left
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from insights.figures.figure import histograms
from insights.figures.periods import Period, on_whole_hours
from insights.figures.plan import Plan
from insights.figures.reading import read
from insights.figures.statistics import wilson
from insights.measures import CONFIDENCE

LEAST = 30  # reviewed answers above a threshold below which it is not judged
STEPS = 100
WINDOW, SEEN = 0.05, 5  # within so much confidence, so many must have been judged


@dataclass(frozen=True)
class Point:
    """What holds when only answers with at least this confidence are given."""

    threshold: float
    coverage: float
    wrong: float
    wrong_high: float
    reviewed: int


_SQL = """
    SELECT confidence, verdict IN ('wrong', 'unsafe')
      FROM insights_turnfact
     WHERE at >= %s AND at < %s AND confidence IS NOT NULL
       AND kind = 'answer' AND verdict <> ''
"""
_BINS = """
    SELECT width_bucket(confidence, 0, 1, %s), count(*)
      FROM insights_turnfact
     WHERE at >= %s AND at < %s AND kind <> 'courtesy' AND confidence IS NOT NULL
     GROUP BY 1
"""


def curve(period: Period, zone: ZoneInfo) -> list[Point]:
    """The points from the strictest threshold to the loosest, where enough was reviewed."""
    start, end = period.bounds(zone)
    reviewed = sorted(
        (float(confidence), bool(bad)) for confidence, bad in read(_SQL, (start, end))
    )
    asked = Plan("questions", period)
    found = histograms(asked, CONFIDENCE, zone) if on_whole_hours(period, zone) else []
    bins = dict(found[0][1]) if found else dict(read(_BINS, (STEPS, start, end)))
    total = sum(bins.values())
    if not total:
        return []
    return _points([c for c, _ in reviewed], [bad for _, bad in reviewed], bins, total)


def _points(
    confidences: list[float], wrong: list[bool], bins: dict[int, int], total: int
) -> list[Point]:
    above, points = bins.get(STEPS + 1, 0), []
    bad_from = [0] * (len(wrong) + 1)
    for place in range(len(wrong) - 1, -1, -1):
        bad_from[place] = bad_from[place + 1] + wrong[place]
    for step in range(STEPS, 0, -1):
        above += bins.get(step, 0)
        threshold = (step - 1) / STEPS
        first = bisect_left(confidences, threshold)
        count, bad = len(confidences) - first, bad_from[first]
        near = bisect_left(confidences, threshold + WINDOW) - first
        if count >= LEAST and near < SEEN:
            break  # nobody has judged answers as unsure as these: nothing is known below
        if count >= LEAST:
            high = wilson(bad, count)[1]
            points.append(Point(threshold, above / total, bad / count, high, count))
    return points


def envelope(points: list[Point]) -> list[Point]:
    """The best that can be had for each share of wrong answers: more is never fewer."""
    best: list[Point] = []
    for point in sorted(points, key=lambda item: (item.wrong, -item.coverage)):
        if not best or point.coverage > best[-1].coverage:
            best.append(point)
    return best


def choose(points: list[Point], most_wrong: float) -> Point | None:
    """The point with the most answers whose share of wrong ones keeps the limit."""
    fitting = [point for point in points if point.wrong <= most_wrong]
    return max(fitting, key=lambda point: point.coverage, default=None)
