"""Histograms: what percentiles are read from where there are too many rows to sort. Pure.

Values fall into buckets whose edges grow by two in a hundred, so the middle of a bucket is within
ERROR of every value in it, and buckets of two periods add up. Whole numbers up to FINE have a
bucket each. How many rows there are is always exact.
"""

from collections.abc import Mapping

ERROR = 0.01
FINE = 110
_TOP = 2**31 - 1


def _edges() -> tuple[int, ...]:
    """The lowest whole number of each bucket."""
    found = list(range(FINE + 1))
    while found[-1] < _TOP:
        found.append(int(found[-1] * (1 + ERROR) / (1 - ERROR)) + 1)
    return tuple(edge for edge in found if edge <= _TOP)


EDGES = _edges()
SIZE = len(EDGES)


def middle(bucket: int) -> float:
    """The value that stands for a bucket (from 1): within ERROR of all whole numbers in it."""
    low = EDGES[bucket - 1]
    high = EDGES[bucket] - 1 if bucket < SIZE else low
    return float(low) if high <= low else 2.0 * low * high / (low + high)


def at_rank(counts: Mapping[int, int], rank: int) -> float:
    """The value with this rank (from 1) among the counted ones."""
    seen, last = 0, 1
    for bucket in sorted(counts):
        seen, last = seen + counts[bucket], bucket
        if seen >= rank:
            break
    return middle(last)


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed; None of none."""
    total = sum(counts.values())
    if not total:
        return None
    exact = share * total
    rank = int(exact) + (exact > int(exact))
    return at_rank(counts, max(1, rank))
