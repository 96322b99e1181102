"""Which themes rose or fell by more than chance explains. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

#: Distance in standard errors: with a hundred themes one passes it by chance in a few periods.
CERTAIN = 3.0
#: A theme with fewer questions in both periods together is not judged.
LEAST = 10


@dataclass(frozen=True)
class Change:
    """`expected`: the questions of the period before, for as many days. `score`: in standard
    errors of the difference of two counts."""

    key: str
    before: int
    after: int
    expected: float
    score: float

    @property
    def is_new(self) -> bool:
        return self.before == 0 and self.score >= CERTAIN

    @property
    def rises(self) -> bool:
        return self.score >= CERTAIN

    @property
    def falls(self) -> bool:
        return self.score <= -CERTAIN


def changes(before: Mapping[str, int], after: Mapping[str, int], *, ratio: float) -> list[Change]:
    """Every theme with enough questions, from the steepest rise to the steepest fall.

    `ratio` is the length of the period against that of the one before.
    """
    found = []
    for key in {*before, *after}:
        then, now = before.get(key, 0), after.get(key, 0)
        if then + now < LEAST:
            continue
        error = math.sqrt(now + then * ratio * ratio)
        found.append(Change(key, then, now, then * ratio, (now - then * ratio) / error))
    return sorted(found, key=lambda item: (-item.score, item.key))
