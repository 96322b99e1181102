"""What judged samples say of all turns: a weighted rate with its interval, and agreement.

Pure. Rates use each turn's sampling weight; what was put into the queue for a complaint or a thumb
down carries none and says nothing about the others.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Z95 = 1.959964


@dataclass(frozen=True)
class Rate:
    """A share with its 95 % interval. `effective` is what the weights leave of `count`."""

    share: float
    low: float
    high: float
    count: int
    effective: float


@dataclass(frozen=True)
class Agreement:
    """Cohen's kappa of pairs of verdicts; None where chance alone would agree always."""

    pairs: int
    agreed: float
    kappa: float | None


def weighted_rate(judged: Sequence[tuple[float, bool]]) -> Rate | None:
    """The share of True among all turns that the judged ones stand for; None without any.

    Wilson's interval on Kish's effective sample size: the square of the weights' sum over the sum
    of their squares.
    """
    total = sum(weight for weight, _ in judged)
    if total <= 0:
        return None
    share = sum(weight for weight, hit in judged if hit) / total
    effective = effective_size([weight for weight, _ in judged])
    low, high = wilson(share, effective)
    return Rate(share, low, high, len(judged), effective)


def effective_size(weights: Sequence[float]) -> float:
    """What weighted values are worth together: as many of equal weight would tell as much."""
    squares = sum(weight**2 for weight in weights)
    return sum(weights) ** 2 / squares if squares else 0.0


def wilson(share: float, count: float, z: float = Z95) -> tuple[float, float]:
    """Wilson's interval of a share among `count`."""
    square = z * z / count
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / count + square / (4 * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement | None:
    """How far two verdicts on the same turn agree beyond chance; None without pairs."""
    if not pairs:
        return None
    count = len(pairs)
    agreed = sum(one == other for one, other in pairs) / count
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(first[name] * second[name] for name in first) / count**2
    kappa = None if chance >= 1 else (agreed - chance) / (1 - chance)
    return Agreement(count, agreed, kappa)
