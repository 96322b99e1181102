"""The stored token states of passages, the latest in memory: a passage's never change."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from conversations.models import Passage
from conversations.retrieval.tokens import States, unpack
from portal.core.table import Table

_TOKENS = Table(Passage, "id", "tokens")
KEPT = 4_000  # passages; some 5 kB each


class PassageTokens:
    """Thread-safe. A passage's id is never used again, so what is kept cannot be stale."""

    def __init__(self, size: int = KEPT) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._rows: OrderedDict[int, States] = OrderedDict()

    def read(self, ids: Sequence[int]) -> dict[int, States]:
        """States by passage; one that has none is left out. A query only for what is not kept."""
        with self._lock:
            found = {number: self._rows[number] for number in ids if number in self._rows}
        if missing := [number for number in ids if number not in found]:
            rows = _TOKENS.read("id = ANY(%s)", [missing])
            found |= {row.pk: unpack(bytes(row.tokens)) for row in rows if row.tokens}
        with self._lock:
            for number, states in found.items():
                self._rows[number] = states
                self._rows.move_to_end(number)
            while len(self._rows) > self._size:
                self._rows.popitem(last=False)
        return found
