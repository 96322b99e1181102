"""Coalesces pieces of text into fewer appends: the first at once, then one each flush interval.

A frame a token would cost the web process more than the customer can see.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Coalescer:
    """Feed it pieces; it calls `write` with joined text. `flush()` writes what is left."""

    write: Callable[[str], None]
    clock: Callable[[], float]
    interval: float
    max_chars: int
    _held: list[str] = field(default_factory=list)
    _size: int = 0
    _last: float | None = None

    def feed(self, piece: str) -> None:
        if not piece:
            return
        self._held.append(piece)
        self._size += len(piece)
        now = self.clock()
        due = self._last is None or now - self._last >= self.interval
        if due or self._size >= self.max_chars:
            self._write(now)

    def flush(self) -> None:
        if self._held:
            self._write(self.clock())

    def _write(self, now: float) -> None:
        joined = "".join(self._held)
        self._held.clear()
        self._size, self._last = 0, now
        self.write(joined)
