"""What a rung measures of itself, and what follows for the next reply. Pure."""

import threading
from collections.abc import Sequence

#: Weight of the newest reply in the running averages that predictions are made from.
_NEWEST = 0.2


class Meter:
    """First-token times and lengths of a backend's replies. Safe for many threads."""

    def __init__(self, *, expected_s: float) -> None:
        self._first_s, self._total_s = expected_s, 4 * expected_s
        self._lock = threading.Lock()

    def add(self, first_s: float, total_s: float) -> None:
        with self._lock:
            self._first_s += _NEWEST * (first_s - self._first_s)
            self._total_s += _NEWEST * (total_s - self._total_s)

    def predicted(self, active: int, slots: int) -> float:
        """Seconds until a reply that starts now shows its first text.

        With all slots taken it waits until as many ended as stand before it: one ends every
        (length of a reply / slots) on average.
        """
        before = max(0, active - slots + 1)
        return self._first_s + before * self._total_s / slots


def nearest_rank(values: Sequence[float], share: int) -> float | None:
    """The value that `share` percent do not exceed; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * share // 100) - 1)]
