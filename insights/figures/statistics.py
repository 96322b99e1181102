"""Intervals and queues: the arithmetic of honesty. Pure."""

import math
from collections.abc import Sequence
from typing import Protocol

Z95 = 1.959964


def wilson(successes: int, total: int, z: float = Z95) -> tuple[float, float]:
    """The 95 % interval of a share. With nothing counted, it is everything."""
    if total <= 0:
        return 0.0, 1.0
    share = successes / total
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def median_ranks(total: int, z: float = Z95) -> tuple[int, int]:
    """Ranks (from 1) of the values that bound the median with 95 % confidence."""
    half = z * math.sqrt(total) / 2
    low = max(1, math.floor(total / 2 - half))
    return low, min(total, math.ceil(total / 2 + half) + 1)


def poisson(count: int, z: float = Z95) -> tuple[float, float]:
    """The 95 % interval of a count's rate (Wilson and Hilferty)."""
    if count == 0:
        return 0.0, 3.7
    low = count * (1 - 1 / (9 * count) - z / (3 * math.sqrt(count))) ** 3
    high_count = count + 1
    high = high_count * (1 - 1 / (9 * high_count) + z / (3 * math.sqrt(high_count))) ** 3
    return max(0.0, low), high


class Bounded(Protocol):
    """What has an interval, or none."""

    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def may_be_chance(after: Bounded, before: Bounded) -> bool:
    """Whether two shares rest on too little to be told apart: their intervals overlap."""
    if None in (after.low, after.high, before.low, before.high):
        return False
    return (after.low or 0) <= (before.high or 0) and (before.low or 0) <= (after.high or 0)


def counts_may_be_chance(after: int, before: int) -> bool:
    """Whether two counts of like periods differ by less than two Poisson counts often do."""
    return abs(after - before) <= 1.96 * math.sqrt(after + before)


def erlang_c(load: float, agents: int) -> float:
    """The probability that a customer waits, with `load` erlangs on `agents` places."""
    if agents <= load:
        return 1.0
    blocked = 1.0
    for place in range(1, agents + 1):  # Erlang B by recursion, then turned into C
        blocked = load * blocked / (place + load * blocked)
    return blocked / (1 - load / agents * (1 - blocked))


def agents_needed(
    per_hour: float, handle_seconds: float, *, within_seconds: float, share: float
) -> int:
    """The fewest places so that `share` of the customers wait at most `within_seconds`."""
    load = per_hour * handle_seconds / 3600
    if load <= 0:
        return 0
    agents = math.floor(load) + 1
    while agents < load + 1000:
        waits = erlang_c(load, agents)
        late = waits * math.exp(-(agents - load) * within_seconds / handle_seconds)
        if 1 - late >= share:
            return agents
        agents += 1
    return agents


def median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
