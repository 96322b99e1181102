"""Why a figure changed: its change split by the groups of a dimension. Pure.

A count's change is the sum of its groups' changes. A share changes because groups grew or shrank
(mix) and because they themselves became better or worse (rate); both together are its change.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Sums = Mapping[str, tuple[int, int]]  # group → (counted, out of)


@dataclass(frozen=True)
class Contribution:
    """What one group adds to the change, in the measure's unit. mix + rate = total."""

    key: str
    total: float
    mix: float
    rate: float


def of_count(before: Sums, after: Sums) -> list[Contribution]:
    found = []
    for key in {*before, *after}:
        change = after.get(key, (0, 0))[0] - before.get(key, (0, 0))[0]
        found.append(Contribution(key, change, change, 0.0))
    return _largest_first(found)


def of_ratio(before: Sums, after: Sums) -> list[Contribution]:
    """The change of a share, exactly, whichever period is taken as the first."""
    whole_0 = sum(out_of for _, out_of in before.values())
    whole_1 = sum(out_of for _, out_of in after.values())
    if not whole_0 or not whole_1:
        return []
    level = (
        sum(n for n, _ in before.values()) / whole_0 + sum(n for n, _ in after.values()) / whole_1
    ) / 2
    found = []
    for key in {*before, *after}:
        n_0, of_0 = before.get(key, (0, 0))
        n_1, of_1 = after.get(key, (0, 0))
        # A group that is new or gone has no rate of its own on one side: it only changes the mix.
        rate_0 = n_0 / of_0 if of_0 else n_1 / of_1 if of_1 else level
        rate_1 = n_1 / of_1 if of_1 else rate_0
        weight_0, weight_1 = of_0 / whole_0, of_1 / whole_1
        mix = (weight_1 - weight_0) * ((rate_0 + rate_1) / 2 - level)
        rate = (rate_1 - rate_0) * (weight_0 + weight_1) / 2
        found.append(Contribution(key, mix + rate, mix, rate))
    return _largest_first(found)


def concentration(contributions: list[Contribution], change: float) -> float:
    """How much of the change its largest group explains, between 0 and 1."""
    if not contributions or not change:
        return 0.0
    same_way = [item.total / change for item in contributions]
    return min(1.0, max(same_way))


def _largest_first(found: list[Contribution]) -> list[Contribution]:
    return sorted(found, key=lambda item: (-abs(item.total), item.key))
