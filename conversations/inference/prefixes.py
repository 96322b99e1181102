"""Which beginnings of prompts are computed already: an index of fixed-size pages of tokens.

Pure: knows page numbers, not tensors. A page stands for its tokens *and everything before them*,
so equal prompts share pages and prompts that part ways share them up to there.
"""

from collections import OrderedDict
from collections.abc import Sequence

PageKey = int


class PrefixIndex:
    """Maps runs of tokens to pages of the prefix store; the longest unused page goes first."""

    def __init__(self, *, pages: int, page_size: int) -> None:
        self.page_size = page_size
        self._free = list(range(pages - 1, -1, -1))
        self._pages: OrderedDict[PageKey, tuple[int, tuple[int, ...]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pages)

    def match(self, tokens: Sequence[int], keys: Sequence[PageKey]) -> list[int]:
        """Pages that hold the longest known beginning of `tokens`, in order."""
        found: list[int] = []
        for number, key in enumerate(keys):
            entry = self._pages.get(key)
            if entry is None or entry[1] != self._cut(tokens, number):
                break
            found.append(entry[0])
        self._touch(keys[: len(found)])
        return found

    def insert(
        self, tokens: Sequence[int], keys: Sequence[PageKey], computed: int
    ) -> list[tuple[int, int]]:
        """Make pages for the first `computed` tokens; returns the new ones to be filled, as
        (page, index of its first token)."""
        made: list[tuple[int, int]] = []
        whole = computed // self.page_size
        for number, key in enumerate(keys[:whole]):
            if key in self._pages:
                continue
            page = self._take(keys[:whole])
            if page is None:
                break
            self._pages[key] = (page, self._cut(tokens, number))
            made.append((page, number * self.page_size))
        self._touch(keys[:whole])
        return made

    def _cut(self, tokens: Sequence[int], number: int) -> tuple[int, ...]:
        return tuple(tokens[number * self.page_size : (number + 1) * self.page_size])

    def _take(self, wanted: Sequence[PageKey]) -> int | None:
        """A free page, or the longest unused one that is not part of the run being made."""
        if self._free:
            return self._free.pop()
        for key in self._pages:
            if key not in wanted:
                return self._pages.pop(key)[0]
        return None

    def _touch(self, keys: Sequence[PageKey]) -> None:
        # Last page first: a page must outlive those that build on it, or they cannot be found.
        for key in reversed(keys):
            if key in self._pages:
                self._pages.move_to_end(key)


def page_keys(tokens: Sequence[int], page_size: int) -> list[PageKey]:
    """One key per whole page, each covering all tokens from the beginning up to its end."""
    keys: list[PageKey] = []
    key = 0
    for start in range(0, len(tokens) - page_size + 1, page_size):
        key = hash((key, tuple(tokens[start : start + page_size])))
        keys.append(key)
    return keys
