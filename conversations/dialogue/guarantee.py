"""Thresholds that keep an error with a stated confidence, at any sample size (learn then test).

Pure. Thresholds are tried from the strictest down and each is tested at the same level, so that the
first failure stops the descent: the chance that the chosen one breaks the error is at most `delta`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

DELTA = 0.2  # the error is held with 80 % confidence; an installation may ask for more
START = 0.2


@dataclass(frozen=True)
class CurvePoint:
    """At this threshold so many of the sample are answered, so many of those wrongly."""

    threshold: float
    answered: float
    wrong: float


def binomial_tail(count: int, wrong: int, error: float) -> float:
    """Chance of at most `wrong` wrong answers among `count` if their true share were `error`."""
    if not 0 < error < 1:
        return 1.0 if error <= 0 else 0.0
    if count <= 0 or wrong >= count:
        return 1.0
    odds = math.log(error) - math.log1p(-error)
    term = count * math.log1p(-error)
    total = math.exp(term)
    for k in range(1, wrong + 1):
        term += math.log(count - k + 1) - math.log(k) + odds
        total += math.exp(term)
    return min(1.0, total)


def threshold_for(curve: Sequence[CurvePoint], max_error: float, delta: float = DELTA) -> float:
    """The lowest threshold that keeps `max_error` with confidence 1 - delta; infinity where none.

    The few answers at the very top are too few to prove anything, so the descent begins where a
    faultless record would do and at least START of the sample is answered.
    """
    chosen = math.inf
    size = max((point.answered for point in curve), default=0.0)
    for point in sorted(curve, key=lambda item: -item.threshold):
        answered = math.floor(point.answered)
        if binomial_tail(answered, 0, max_error) > delta or answered < START * size:
            continue
        if binomial_tail(answered, math.ceil(point.wrong), max_error) > delta:
            break
        chosen = point.threshold
    return chosen


def curve_of(scores: Sequence[float], right: Sequence[bool], points: int = 100) -> list[CurvePoint]:
    """The risk-coverage curve of a sample, thinned to about so many points."""
    order = sorted(zip(scores, right, strict=True), key=lambda pair: -pair[0])
    step = max(1, len(order) // points)
    found, wrong = [], 0
    for position, (score, is_right) in enumerate(order, start=1):
        wrong += not is_right
        last_of_ties = position == len(order) or order[position][0] < score
        if last_of_ties and (position % step == 0 or position == len(order) or step == 1):
            found.append(CurvePoint(score, float(position), float(wrong)))
    return found
