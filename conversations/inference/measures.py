"""What a rung measures of itself, and what follows for the next reply. Pure but for the clock."""

import threading
import time
from collections.abc import Callable, Sequence

#: Weight of the newest reply in the running averages that predictions are made from.
_NEWEST = 0.2
HALF_LIFE = 15.0


class Meter:
    """First-token times and lengths of a backend's replies. Safe for many threads.

    What was measured fades towards what is expected: a rung that is passed over because it was slow
    measures nothing more, and would never get a turn again.
    """

    def __init__(self, *, expected_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._expected_s, self._clock = expected_s, clock
        self._first_s, self._total_s = expected_s, 4 * expected_s
        self._measured_at = clock()
        self._lock = threading.Lock()

    def add(self, first_s: float, total_s: float) -> None:
        with self._lock:
            self._first_s += _NEWEST * (first_s - self._first_s)
            self._total_s += _NEWEST * (total_s - self._total_s)
            self._measured_at = self._clock()

    def predicted(self, active: int, slots: int) -> float:
        """Seconds until a reply that starts now shows its first text.

        With all slots taken it waits until as many ended as stand before it: one ends every
        (length of a reply / slots) on average.
        """
        age = self._clock() - self._measured_at
        first_s = faded(self._first_s, self._expected_s, age)
        before = max(0, active - slots + 1)
        return first_s + before * self._total_s / slots


def faded(measured: float, expected: float, age: float) -> float:
    """A measurement of `age` seconds ago: half of what it says is left after HALF_LIFE."""
    return expected + (measured - expected) * 0.5 ** (age / HALF_LIFE)


def nearest_rank(values: Sequence[float], share: int) -> float | None:
    """The value that `share` percent do not exceed; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * share // 100) - 1)]
