"""Which words are plainly English: they were meant, and are no slip of another word."""

from functools import lru_cache
from importlib import resources

#: How often a word stands in the dictionary's corpus. Rarer ones may be slips.
COMMON = 2_000_000


@lru_cache(maxsize=1)
def common() -> frozenset[str]:
    """The common words of symspellpy's English dictionary, read once (some 15,000)."""
    source = resources.files("symspellpy") / "frequency_dictionary_en_82_765.txt"
    with resources.as_file(source) as path:
        pairs = (line.split() for line in path.read_text(encoding="utf-8-sig").splitlines())
        return frozenset(word for word, count in pairs if int(count) >= COMMON)
